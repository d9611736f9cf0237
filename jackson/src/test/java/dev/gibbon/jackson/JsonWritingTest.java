// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.jackson;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.Connection;
import dev.gibbon.ConnectionClosedException;
import dev.gibbon.ControlListener;
import dev.gibbon.Dialer;
import dev.gibbon.ForwardingConnection;
import dev.gibbon.InterruptedCallException;
import dev.gibbon.Listener;
import dev.gibbon.Message;
import dev.gibbon.MessageType;
import dev.gibbon.MessageView;
import dev.gibbon.MessageWriter;
import dev.gibbon.Upgrader;
import dev.gibbon.WebSocketServer;
import dev.gibbon.jackson.Orders.Failing;
import dev.gibbon.jackson.Orders.Receipt;
import dev.gibbon.testkit.Frame;
import java.io.IOException;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.core.JacksonException;
import tools.jackson.core.type.TypeReference;

/** What the peer gets of a value, whole or not at all. */
@Timeout(300)
class JsonWritingTest {
    private static final Json JSON = Json.create();

    /** Below Jackson's own buffer, beyond that, and just below what a message gathers before its first fragment. */
    @ParameterizedTest
    @ValueSource(ints = {0, 10, 100, 600})
    void aValueThatFailsIsNoMessageAndTheConnectionGoesOn(int items) throws Exception {
        try (Pair pair = Pair.create()) {
            NoSuchElementException e =
                    assertThrows(NoSuchElementException.class, () -> JSON.write(pair.connection(), new Failing(items)));
            assertEquals(Failing.WHY, e.getMessage());
            assertThrows(
                    JacksonException.class, () -> JSON.write(pair.connection(), Map.of("key", new Failing(items))));
            JSON.write(pair.connection(), new Receipt(1, 2));
            pair.peer().expectText("{\"order\":1,\"items\":2}");
            pair.peer().expectNothingMore();
        }
    }

    @Test
    void aLargeValueThatFailsHalfWayFailsTheConnection() throws Exception {
        try (Pair pair = Pair.create()) {
            FutureTask<Void> writing = JsonTest.go(() ->
                    assertThrows(NoSuchElementException.class, () -> JSON.write(pair.connection(), new Failing(5000))));
            Frame frame = pair.peer().expectFrame();
            for (; frame.opcode() != Frame.CLOSE; frame = pair.peer().expectFrame()) {
                assertFalse(frame.fin());
            }
            assertEquals(1011, frame.closeCode().orElseThrow());
            writing.get(60, TimeUnit.SECONDS);
            assertThrows(ConnectionClosedException.class, () -> JSON.write(pair.connection(), 1));
        }
    }

    @Test
    void whatCannotBeSerialisedIsNeitherPreparedNorAMessage() {
        assertThrows(NoSuchElementException.class, () -> JSON.prepare(new Failing(1)));
        assertThrows(NoSuchElementException.class, () -> JSON.message(new Failing(1)));
    }

    /** No UTF-8 has it, but JSON can escape it. */
    @Test
    void halfASurrogatePairIsEscaped() throws Exception {
        String half = "half a pair: \ud800";
        assertEquals("\"half a pair: \\uD800\"", JSON.message(half).text());
        try (Pair pair = Pair.create()) {
            JSON.write(pair.connection(), half);
            assertEquals(half, JSON.read(Message.text(message(pair)), String.class));
        }
    }

    @Test
    void onALoopAValueThatFailsCostsNothingEither() throws Exception {
        CompletableFuture<Throwable> thrown = new CompletableFuture<>();
        Listener listener = new Listener() {
            @Override
            public void onOpen(Connection ws) throws IOException {
                try {
                    JSON.write(ws, new Failing(5000));
                } catch (NoSuchElementException e) {
                    thrown.complete(e);
                }
                JSON.write(ws, Collections.nCopies(30_000, "item"));
            }
        };
        try (WebSocketServer server = WebSocketServer.builder()
                        .bind("localhost", 0)
                        .listen("/", Upgrader.create(), listener)
                        .start();
                Connection ws = Dialer.create().dial(URI.create("ws://localhost:" + server.port()))) {
            assertEquals(30_000, JSON.read(ws, List.class).size());
            assertTrue(thrown.get(60, TimeUnit.SECONDS).getMessage().contains(Failing.WHY));
        }
    }

    /** Where another thread has a message open, a loop cannot wait for its end. */
    @Test
    void onALoopAValueWaitsAsideForAMessageThatIsOpen() throws Exception {
        CompletableFuture<Connection> opened = new CompletableFuture<>();
        Listener listener = new Listener() {
            @Override
            public void onOpen(Connection ws) {
                opened.complete(ws);
            }

            @Override
            public void onMessage(Connection ws, MessageView message) throws IOException {
                JSON.write(ws, new Receipt(1, 2));
                ws.pong(ByteBuffer.wrap(new byte[] {1}));
            }
        };
        CompletableFuture<Void> answered = new CompletableFuture<>();
        try (WebSocketServer server = WebSocketServer.builder()
                        .bind("localhost", 0)
                        .listen("/", Upgrader.create(), listener)
                        .start();
                Connection ws = Dialer.create().dial(URI.create("ws://localhost:" + server.port()))) {
            ws.setControlListener(new ControlListener() {
                @Override
                public void onPong(Connection connection, ByteBuffer payload) {
                    answered.complete(null);
                }
            });
            MessageWriter open = opened.get(60, TimeUnit.SECONDS).nextWriter(MessageType.TEXT);
            open.write("[1,");
            ws.writeText("go");
            answered.get(60, TimeUnit.SECONDS); // A Pong passes between fragments, so the listener has written.
            open.write("2]");
            open.close();
            assertEquals(List.of(1, 2), JSON.read(ws, List.class));
            assertEquals(new Receipt(1, 2), JSON.read(ws, Receipt.class));
        }
    }

    @Test
    void anInterruptCutsNoValue() throws Exception {
        List<String> value = Collections.nCopies(5000, "x".repeat(100));
        try (Pair pair = Pair.create()) {
            FutureTask<Void> writing = JsonTest.go(() -> {
                Thread.currentThread().interrupt();
                assertThrows(
                        InterruptedCallException.class, () -> JSON.write(pair.connection(), new Interrupting(value)));
            });
            StringBuilder text = new StringBuilder();
            Frame frame;
            do {
                frame = pair.peer().expectFrame();
                text.append(new String(frame.payload(), StandardCharsets.UTF_8));
            } while (!frame.fin());
            writing.get(60, TimeUnit.SECONDS);
            assertEquals(
                    value,
                    JSON.read(Message.text(text.toString()), new TypeReference<Map<String, List<String>>>() {})
                            .get("value"));
            JSON.write(pair.connection(), 1);
            pair.peer().expectText("1");
        }
    }

    /** Interrupts the thread that writes it. */
    record Interrupting(List<String> value) {
        @Override
        public List<String> value() {
            Thread.currentThread().interrupt();
            return value;
        }
    }

    @Test
    void whatTheConnectionThrowsIsThrownAsItIs() throws Exception {
        try (Pair pair = Pair.create()) {
            Connection broken = new ForwardingConnection(pair.connection()) {
                @Override
                public void writeText(ByteBuffer utf8) throws IOException {
                    throw new IOException("no more");
                }

                @Override
                public MessageWriter nextWriter(MessageType type) throws IOException {
                    throw new IOException("no more");
                }
            };
            for (int items : new int[] {1, 5000}) {
                List<String> value = Collections.nCopies(items, "item");
                assertEquals(
                        "no more",
                        assertThrows(IOException.class, () -> JSON.write(broken, value))
                                .getMessage());
            }
            pair.peer().sendClose(1000, "");
            pair.peer().expectClose(1000);
            for (int items : new int[] {1, 5000}) {
                List<String> value = Collections.nCopies(items, "item");
                assertThrows(ConnectionClosedException.class, () -> JSON.write(pair.connection(), value));
            }
        }
    }

    @Test
    void valuesOfManyThreadsAreWhole() throws Exception {
        int threads = 8;
        int each = 50;
        try (Pair pair = Pair.create()) {
            List<FutureTask<Void>> writers = new ArrayList<>();
            for (int thread = 0; thread < threads; thread++) {
                int mine = thread;
                writers.add(JsonTest.go(() -> {
                    for (int i = 0; i < each; i++) {
                        int length = i % 5 == 0 ? 20_000 : i;
                        JSON.write(pair.connection(), Map.of("thread", mine, "list", Collections.nCopies(length, i)));
                    }
                }));
            }
            Map<Object, List<Object>> seen = new TreeMap<>();
            for (int i = 0; i < threads * each; i++) {
                Map<?, ?> value = JSON.read(Message.text(message(pair)), Map.class);
                List<?> list = (List<?>) value.get("list");
                List<Object> before = seen.computeIfAbsent(value.get("thread"), _ -> new ArrayList<>());
                int turn = before.size();
                assertEquals(turn % 5 == 0 ? 20_000 : turn, list.size());
                before.add(list);
            }
            for (FutureTask<Void> writer : writers) {
                writer.get(60, TimeUnit.SECONDS);
            }
            pair.peer().expectNothingMore();
        }
    }

    private static String message(Pair pair) {
        StringBuilder text = new StringBuilder();
        Frame frame;
        do {
            frame = pair.peer().expectFrame();
            text.append(new String(frame.payload(), StandardCharsets.UTF_8));
        } while (!frame.fin());
        return text.toString();
    }
}
