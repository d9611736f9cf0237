// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.jackson;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.Connection;
import dev.gibbon.ConnectionClosedException;
import dev.gibbon.ConnectionOptions;
import dev.gibbon.Dialer;
import dev.gibbon.Group;
import dev.gibbon.InterruptedCallException;
import dev.gibbon.Listener;
import dev.gibbon.Message;
import dev.gibbon.MessageTooBigException;
import dev.gibbon.MessageView;
import dev.gibbon.ProtocolException;
import dev.gibbon.ReadTimeoutException;
import dev.gibbon.Upgrader;
import dev.gibbon.WebSocketServer;
import dev.gibbon.jackson.Orders.Item;
import dev.gibbon.jackson.Orders.Order;
import dev.gibbon.jackson.Orders.Receipt;
import dev.gibbon.testkit.Frame;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.core.type.TypeReference;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JavaType;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.PropertyNamingStrategies;
import tools.jackson.databind.json.JsonMapper;

@Timeout(300)
class JsonTest {
    private static final Json JSON = Json.create();
    private static final JavaType LIST_OF_ITEMS =
            JsonMapper.shared().getTypeFactory().constructCollectionType(List.class, Item.class);

    private static WebSocketServer serve() throws IOException {
        ConnectionOptions large =
                ConnectionOptions.builder().maxMessageBytes(64 << 20).build();
        return WebSocketServer.builder()
                .bind("localhost", 0)
                .serve("/orders", Upgrader.builder().options(large).build(), JsonTest::serveOrders)
                .listen("/orders/event", Upgrader.builder().options(large).build(), new Clerk())
                .start();
    }

    private static void serveOrders(Connection ws) throws IOException {
        for (Order order; (order = JSON.read(ws, Order.class)) != null; ) {
            JSON.write(ws, new Receipt(order.id(), order.items().size()));
            JSON.write(ws, order);
        }
    }

    /** The same by events. */
    private static final class Clerk implements Listener {
        @Override
        public void onMessage(Connection ws, MessageView message) throws IOException {
            Order order = JSON.read(message, Order.class);
            JSON.write(ws, new Receipt(order.id(), order.items().size()));
            JSON.write(ws, order);
        }
    }

    private static Connection dial(WebSocketServer server, String path) throws IOException {
        Dialer dialer = Dialer.builder()
                .options(ConnectionOptions.builder().maxMessageBytes(64 << 20).build())
                .build();
        return dialer.dial(URI.create("ws://localhost:" + server.port() + path));
    }

    private static Order orderOf(int items) {
        return new Order(items, Collections.nCopies(items, Orders.ORDER.items().getFirst()), Map.of());
    }

    @ParameterizedTest
    @ValueSource(strings = {"/orders", "/orders/event"})
    void valuesGoThereAndBackByBothFaces(String path) throws Exception {
        try (WebSocketServer server = serve();
                Connection ws = dial(server, path)) {
            for (Order order : List.of(Orders.ORDER, orderOf(0), orderOf(300), orderOf(20_000))) {
                FutureTask<Void> writing = go(() -> JSON.write(ws, order));
                assertEquals(new Receipt(order.id(), order.items().size()), JSON.read(ws, Receipt.class));
                assertEquals(order, JSON.read(ws, Order.class));
                writing.get(60, TimeUnit.SECONDS);
            }
        }
    }

    @Test
    void smallValueIsOneFrameOfText() throws Exception {
        try (Pair pair = Pair.create()) {
            JSON.write(pair.connection(), new Receipt(7, 2));
            pair.peer().expectFrame(Frame.text("{\"order\":7,\"items\":2}"));
            JSON.write(pair.connection(), null);
            pair.peer().expectText("null");
            JSON.write(pair.connection(), "");
            pair.peer().expectText("\"\"");
            pair.peer().expectNothingMore();
        }
    }

    @Test
    void genericTypesAreKept() throws Exception {
        List<Item> items = Orders.ORDER.items();
        TypeReference<List<Item>> reference = new TypeReference<>() {};
        try (Pair pair = Pair.create()) {
            Message message = JSON.message(items);
            assertEquals(items, JSON.read(message, reference));
            assertEquals(items, JSON.read(message, LIST_OF_ITEMS));
            for (int i = 0; i < 2; i++) {
                pair.peer().sendText(message.text());
            }
            assertEquals(items, JSON.read(pair.connection(), reference));
            List<Item> built = JSON.read(pair.connection(), LIST_OF_ITEMS);
            assertEquals(items, built);
        }
    }

    @Test
    void aListenerReadsGenericTypesToo() throws Exception {
        Listener sum = new Listener() {
            @Override
            public void onText(Connection ws, MessageView message) throws IOException {
                List<Item> items = JSON.read(message, new TypeReference<List<Item>>() {});
                List<Item> same = JSON.read(message, LIST_OF_ITEMS);
                JSON.write(ws, items.equals(same) ? items.size() : -1);
            }
        };
        try (WebSocketServer server = WebSocketServer.builder()
                        .bind("localhost", 0)
                        .listen("/", Upgrader.create(), sum)
                        .start();
                Connection ws = dial(server, "/")) {
            JSON.write(ws, Orders.ORDER.items());
            assertEquals(2, JSON.read(ws, Integer.class));
        }
    }

    @Test
    void aMapperOfTheApplicationsDecides() throws Exception {
        Json json = Json.of(JsonMapper.builder()
                .propertyNamingStrategy(PropertyNamingStrategies.UPPER_SNAKE_CASE)
                .disable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
                .build());
        assertEquals(
                "{\"ORDER\":1,\"ITEMS\":2}", json.message(new Receipt(1, 2)).text());
        assertEquals(new Receipt(1, 2), json.read(Message.text("{\"ORDER\":1,\"ITEMS\":2} and more"), Receipt.class));
        assertThrows(NullPointerException.class, () -> Json.of(null));
    }

    @Test
    void bothKindsOfMessageAreRead() throws Exception {
        try (Pair pair = Pair.create()) {
            pair.peer().sendBinary("{\"order\":1,\"items\":2}".getBytes(StandardCharsets.UTF_8));
            assertEquals(new Receipt(1, 2), JSON.read(pair.connection(), Receipt.class));
        }
    }

    @Test
    void aPreparedValueGoesToMany() throws Exception {
        try (WebSocketServer server = serve();
                Group group = new Group();
                Connection one = dial(server, "/orders");
                Pair pair = Pair.create()) {
            group.join(pair.connection());
            assertEquals(0, group.broadcast(JSON.prepare(Orders.ORDER)));
            one.writePrepared(JSON.prepare(Orders.ORDER));
            assertEquals(new Receipt(7, 2), JSON.read(one, Receipt.class));
            assertEquals(
                    Orders.ORDER,
                    JSON.read(Message.text(pair.peer().expectFrame().text()), Order.class));
        }
    }

    @Test
    void theEndIsNullAndOtherEndsAreTheConnectionsOwn() throws Exception {
        try (Pair pair = Pair.create()) {
            pair.peer().sendText("1");
            pair.peer().sendClose(1000, "");
            assertEquals(1, JSON.read(pair.connection(), Integer.class));
            assertNull(JSON.read(pair.connection(), Integer.class));
            assertNull(JSON.read(pair.connection(), Integer.class));
            assertThrows(ConnectionClosedException.class, () -> JSON.write(pair.connection(), 1));
        }
        try (Pair pair = Pair.create()) {
            pair.peer().send(Frame.text("{\"order\":").withFin(false), Frame.close(1000, ""));
            assertThrows(ConnectionClosedException.class, () -> JSON.read(pair.connection(), Receipt.class));
        }
        try (Pair pair = Pair.create()) {
            pair.peer()
                    .send(
                            Frame.text("[\"").withFin(false),
                            Frame.continuation(HexFormat.of().parseHex("ff")));
            assertThrows(ProtocolException.class, () -> JSON.read(pair.connection(), List.class));
            pair.peer().expectClose(1007);
        }
    }

    @Test
    void theConnectionBoundsAMessage() throws Exception {
        try (Pair pair =
                Pair.create(ConnectionOptions.builder().maxMessageBytes(100).build())) {
            pair.peer().send(Frame.text("[" + "1,".repeat(45)).withFin(false));
            pair.peer().send(Frame.continuation(" ".repeat(60).getBytes(StandardCharsets.UTF_8)));
            assertThrows(MessageTooBigException.class, () -> JSON.read(pair.connection(), List.class));
            pair.peer().expectClose(1009);
        }
    }

    @Test
    void nullIsRefusedWhereAValueIsWantedAndReadWhereItMayBe() throws Exception {
        Message message = Message.text(" null ");
        JsonMessageException refused =
                assertThrows(JsonMessageException.class, () -> JSON.read(message, Receipt.class));
        assertTrue(refused.getMessage().endsWith("Receipt: null"), refused.getMessage());
        assertTrue(refused.problem().isEmpty());
        assertEquals(Optional.empty(), JSON.read(message, new TypeReference<Optional<Receipt>>() {}));
        assertTrue(JSON.read(message, JsonNode.class).isNull());
    }

    @Test
    void aTimeLostLosesNothing() throws Exception {
        try (Pair pair = Pair.create()) {
            pair.peer().send(Frame.text("{\"order\":1,").withFin(false));
            assertThrows(ReadTimeoutException.class, () -> pair.connection().readMessage(Duration.ZERO));
            pair.peer().send(Frame.continuation("\"items\":2}".getBytes(StandardCharsets.UTF_8)));
            Message message = pair.connection().readMessage(Duration.ofMinutes(1));
            assertEquals(new Receipt(1, 2), JSON.read(message, Receipt.class));
        }
    }

    @Test
    void anInterruptInsideAMessageLeavesTheNext() throws Exception {
        try (Pair pair = Pair.create()) {
            pair.peer().send(Frame.text("[{\"by\":1},").withFin(false));
            TypeReference<List<Interrupting>> type = new TypeReference<>() {};
            assertThrows(InterruptedCallException.class, () -> JSON.read(pair.connection(), type));
            assertTrue(Thread.interrupted());
            pair.peer().send(Frame.continuation("{\"by\":2}]".getBytes(StandardCharsets.UTF_8)));
            pair.peer().sendText("{\"order\":3,\"items\":4}");
            assertEquals(new Receipt(3, 4), JSON.read(pair.connection(), Receipt.class));
        }
    }

    /** Interrupts the thread that reads it. */
    record Interrupting(int by) {
        Interrupting {
            Thread.currentThread().interrupt();
        }
    }

    static FutureTask<Void> go(Work work) {
        FutureTask<Void> task = new FutureTask<>(() -> {
            work.run();
            return null;
        });
        Thread.ofVirtual().start(task);
        return task;
    }

    interface Work {
        void run() throws Exception;
    }
}
