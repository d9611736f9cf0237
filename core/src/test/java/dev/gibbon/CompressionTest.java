// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.connection.EncodedMessage;
import dev.gibbon.connection.WebSocketConnection;
import dev.gibbon.deflate.ZlibPool;
import dev.gibbon.handshake.AcceptKey;
import dev.gibbon.loop.LoopEngine;
import dev.gibbon.testkit.ScriptedPeer;
import dev.gibbon.testkit.TransportPair;
import java.io.IOException;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * permessage-deflate from the opening handshake to the messages,
 * our client against our server, and what goes over the wire.
 */
@Timeout(300)
class CompressionTest {
    private static final String JSON = "{\"symbol\":\"GIB\",\"price\":12.5,\"venue\":\"XETRA\"},";

    private static PermessageDeflate.Builder options(int bits, boolean takeover) {
        return PermessageDeflate.builder()
                .thresholdBytes(0)
                .serverMaxWindowBits(bits)
                .clientMaxWindowBits(bits)
                .serverNoContextTakeover(!takeover)
                .clientNoContextTakeover(!takeover);
    }

    private static void echo(Exchange exchange, Upgrader upgrader) throws IOException {
        try (Connection ws = upgrader.upgrade(exchange)) {
            for (Message m = ws.readMessage(); m != null; m = ws.readMessage()) {
                ws.writeMessage(m);
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void everyCombinationOfParametersCarriesMessagesBothWays(Role choosing) throws Exception {
        Random random = new Random(1);
        for (int bits = PermessageDeflate.MIN_WINDOW_BITS; bits <= PermessageDeflate.MAX_WINDOW_BITS; bits++) {
            for (boolean takeover : new boolean[] {true, false}) {
                PermessageDeflate chosen = options(bits, takeover).build();
                PermessageDeflate other =
                        PermessageDeflate.builder().thresholdBytes(0).build();
                Upgrader upgrader = Upgrader.builder()
                        .permessageDeflate(choosing == Role.SERVER ? chosen : other)
                        .build();
                Dialer dialer = Dialer.builder()
                        .permessageDeflate(choosing == Role.CLIENT ? chosen : other)
                        .build();
                try (WebSocketServer server = WebSocketServer.builder()
                        .bind("localhost", 0)
                        .handle("/pull", exchange -> echo(exchange, upgrader))
                        .handle("/loop", exchange -> upgrader.upgrade(exchange).listen(new CompressionScene.Echo()))
                        .start()) {
                    for (String path : List.of("/pull", "/loop")) {
                        try (Connection ws = dialer.dial(URI.create("ws://localhost:" + server.port() + path))) {
                            String agreed = String.join(",", ws.extensions());
                            assertTrue(agreed.startsWith("permessage-deflate"), agreed);
                            assertEquals(!takeover, agreed.contains("server_no_context_takeover"), agreed);
                            for (int length : new int[] {0, 1, 200, 5_000, 70_000, 300_000}) {
                                echoes(
                                        ws,
                                        JSON.repeat(length / JSON.length() + 1).substring(0, length));
                                byte[] noise = new byte[Math.min(length, 20_000)];
                                random.nextBytes(noise);
                                ws.writeBinary(noise);
                                assertArrayEquals(noise, read(ws).bytes());
                            }
                        }
                    }
                    ZlibPool pool = server.side().engine().zlib(1);
                    assertTrue(pool.live() > 0, "it was compressed");
                    Rig.await(() -> pool.leased() == 0, () -> pool.leased() + " zlib objects are out");
                    server.close();
                    Rig.await(() -> pool.live() == 0, () -> pool.live() + " native handles are left");
                }
                assertEquals(0, dialer.engine().zlib(1).leased());
            }
        }
    }

    private static void echoes(Connection ws, String text) throws IOException {
        ws.writeText(text);
        assertEquals(text, read(ws).text());
    }

    private static Message read(Connection ws) throws IOException {
        Message message = ws.readMessage();
        assertNotNull(message);
        return message;
    }

    @Test
    void compressionIsOffUnlessBothSidesWantIt() throws Exception {
        Upgrader with = Upgrader.builder()
                .permessageDeflate(PermessageDeflate.defaults())
                .build();
        Upgrader without = Upgrader.create();
        try (WebSocketServer server = WebSocketServer.builder()
                .bind("localhost", 0)
                .handle("/with", exchange -> echo(exchange, with))
                .handle("/without", exchange -> echo(exchange, without))
                .start()) {
            URI uri = URI.create("ws://localhost:" + server.port() + "/");
            Dialer asking = Dialer.builder()
                    .permessageDeflate(PermessageDeflate.defaults())
                    .build();
            try (Connection a = Dialer.create().dial(uri.resolve("with"));
                    Connection b = asking.dial(uri.resolve("without"))) {
                for (Connection ws : List.of(a, b)) {
                    assertEquals(List.of(), ws.extensions());
                    ws.setWriteCompression(true);
                    echoes(ws, JSON.repeat(100));
                }
            }
            assertEquals(0, server.side().engine().zlib(1).live());
            assertEquals(0, asking.engine().zlib(1).live());
        }
    }

    @ParameterizedTest
    @CsvSource({
        "server_max_window_bits=16, server_max_window_bits",
        "client_max_window_bits, client_max_window_bits",
        "client_max_window_bits=7, client_max_window_bits",
        "server_no_context_takeover=1, server_no_context_takeover",
        "unknown=1, unknown"
    })
    void aReplyThatDoesNotFitTheOfferIsRefusedByName(String parameter, String named) throws Exception {
        TransportPair pair = TransportPair.create();
        Dialer dialer = Dialer.builder()
                .connector((_, _) -> pair.client())
                .permessageDeflate(PermessageDeflate.defaults())
                .build();
        Rig.Task<Connection> dialing = Rig.start(() -> dialer.dial(URI.create("ws://localhost/")));
        try (ScriptedPeer server = ScriptedPeer.over(pair.server(), Role.SERVER)) {
            String key = server.expectHead().header("Sec-WebSocket-Key").orElseThrow();
            String reply = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                    + "Sec-WebSocket-Accept: " + AcceptKey.accept(key) + "\r\n"
                    + "Sec-WebSocket-Extensions: permessage-deflate; " + parameter + "\r\n\r\n";
            server.sendRaw(reply.getBytes(StandardCharsets.US_ASCII));
            HandshakeException e = dialing.failure(HandshakeException.class);
            assertTrue(String.valueOf(e.getMessage()).contains(named), e::getMessage);
            assertEquals(101, e.status());
            assertTrue(e.headers().contains("Sec-WebSocket-Extensions"));
        }
    }

    @ParameterizedTest
    @Sides
    void compressionCanBeSwitchedOffAndOn(Side side) throws Exception {
        try (CompressionScene scene = new CompressionScene(side)) {
            CompressionScene.Reading reading = scene.reading(CompressionScene.TAKEOVER);
            for (boolean on : new boolean[] {true, false, true}) {
                scene.connection.setWriteCompression(on);
                int before = reading.compressed();
                for (int length : new int[] {300, 70_000}) {
                    String text = JSON.repeat(length / JSON.length());
                    Rig.Task<Boolean> writing = Rig.go(() -> scene.connection.writeText(text));
                    assertEquals(text, new String(reading.next(), StandardCharsets.UTF_8));
                    assertTrue(writing.get());
                }
                assertEquals(before + (on ? 2 : 0), reading.compressed());
            }
            scene.expectAllGivenBack();
        }
    }

    @ParameterizedTest(name = "PM-25 {0}")
    @Sides
    void writersInParallelAreReadInTheOrderInWhichTheyWereCompressed(Side side) throws Exception {
        int threads = 8;
        int each = 100;
        try (CompressionScene scene = new CompressionScene(side)) {
            List<Rig.Task<Boolean>> writing = new ArrayList<>();
            for (int t = 0; t < threads; t++) {
                int thread = t;
                writing.add(Rig.go(() -> {
                    for (int i = 0; i < each; i++) {
                        String text = thread + " " + i + " " + JSON.repeat(1 + i % 5);
                        if (i % 10 == 0) {
                            try (MessageWriter writer = scene.connection.nextWriter(MessageType.TEXT)) {
                                writer.write(text.substring(0, 5));
                                writer.flush();
                                writer.write(text.substring(5));
                            }
                        } else if (i % 10 == 5) {
                            scene.connection.writePrepared(PreparedMessage.text(text + JSON.repeat(5)));
                        } else {
                            scene.connection.writeText(text);
                        }
                    }
                }));
            }
            CompressionScene.Reading reading = scene.reading(CompressionScene.TAKEOVER);
            int[] next = new int[threads];
            for (int i = 0; i < threads * each; i++) {
                String text = new String(reading.next(), StandardCharsets.UTF_8);
                int thread = text.charAt(0) - '0';
                assertTrue(text.startsWith(thread + " " + next[thread] + " "), text);
                next[thread]++;
            }
            assertEquals(threads * each, reading.compressed());
            for (Rig.Task<Boolean> writer : writing) {
                assertTrue(writer.get());
            }
            scene.expectAllGivenBack();
        }
    }

    @ParameterizedTest(name = "PM-11 {0}")
    @EnumSource
    void streamsOfAnyLengthTakeConstantMemoryBothWays(Role role) throws Exception {
        ConnectionOptions large =
                ConnectionOptions.builder().maxMessageBytes(1L << 30).build();
        LoopEngine here = LoopEngine.onSystem(1);
        LoopEngine there = LoopEngine.onSystem(1);
        TransportPair pair = TransportPair.create();
        byte[] piece = JSON.repeat(500).getBytes(StandardCharsets.UTF_8);
        int pieces = 3000; // 64 MiB and more
        try (WebSocketConnection writes =
                        CompressionScene.open(here, pair.end(role), role, CompressionScene.TAKEOVER, large);
                WebSocketConnection reads = CompressionScene.open(
                        there, pair.end(role.peer()), role.peer(), CompressionScene.TAKEOVER, large)) {
            Rig.Task<Integer> writing = Rig.start(() -> {
                int most = 0;
                try (MessageWriter writer = writes.nextWriter(MessageType.BINARY)) {
                    for (int i = 0; i < pieces; i++) {
                        writer.write(ByteBuffer.wrap(piece));
                        most = Math.max(most, here.buffers().leased());
                    }
                }
                return most;
            });
            MessageReader reader = reads.nextReader();
            assertNotNull(reader);
            ByteBuffer sink = ByteBuffer.allocate(50_000);
            long total = 0;
            int most = 0;
            for (int n = reader.read(sink.clear()); n >= 0; n = reader.read(sink.clear())) {
                for (int i = 0; i < n; i += 97) {
                    assertEquals(piece[(int) ((total + i) % piece.length)], sink.get(i));
                }
                total += n;
                most = Math.max(most, there.buffers().leased());
            }
            assertEquals((long) pieces * piece.length, total);
            assertTrue(most <= 2, most + " buffers to read");
            assertTrue(writing.get() <= 4, writing.get() + " buffers to write");
            assertTrue(there.buffers().leased() <= 1, "only what input is read into");
            assertEquals(0, here.zlib(1).leased());
            assertEquals(0, there.zlib(1).leased());
            Rig.Task<Boolean> closing = Rig.go(writes::close);
            assertNull(reads.readMessage());
            assertTrue(closing.get());
        }
    }

    @Test
    void aPreparedMessageIsCompressedOncePerForm() {
        EncodedMessage message = EncodedMessage.of(PreparedMessage.text(JSON.repeat(20)));
        ZlibPool pool = new ZlibPool(1, 1);
        EncodedMessage.Encoding once = message.compressed(pool, 15);
        assertTrue(once.isCompressed());
        assertTrue(once.frame().remaining() < message.frame().remaining() / 2);
        assertSame(once, message.compressed(pool, 15));
        assertTrue(once != message.compressed(pool, 8));
        EncodedMessage noise = EncodedMessage.of(PreparedMessage.binary(new byte[] {1, 2, 3}));
        assertSame(noise.plain(), noise.compressed(pool, 15), "it would not be shorter");
        assertEquals(0, pool.leased());
    }

    @Test
    void aWriterHoldsACompressorUntilItsEndAndAnIdleConnectionNone() throws Exception {
        try (CompressionScene scene = new CompressionScene(new Side(Face.PULL, Role.SERVER))) {
            scene.connection.writeText(JSON.repeat(10));
            assertEquals(0, scene.pool.leased());
            MessageWriter writer = scene.connection.nextWriter(MessageType.TEXT);
            writer.write("x");
            writer.flush();
            assertEquals(1, scene.pool.leased());
            writer.close();
            assertEquals(0, scene.pool.leased());
            assertThrows(IllegalStateException.class, () -> writer.write("late"));
        }
    }
}
