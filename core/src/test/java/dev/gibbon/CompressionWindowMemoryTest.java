// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.deflate.DeflateAgreement.Direction;
import dev.gibbon.deflate.MessageDeflater;
import dev.gibbon.deflate.ZlibPool;
import dev.gibbon.testkit.Frame;
import dev.gibbon.testkit.HttpHead;
import dev.gibbon.testkit.ScriptedPeer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Clients that offer a bare permessage-deflate, as most of Java's do, cannot be told how far back to refer: what the
 * server keeps for all of them together is bounded, and decided when they connect (RFC 7692 §7.1.1.2, §7.1.2.2).
 */
@Timeout(300)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class CompressionWindowMemoryTest {
    private static final String BARE = "permessage-deflate";
    private static final String BOUNDED = "permessage-deflate; client_max_window_bits";
    private static final int WINDOW = 1 << 15;

    private SSLContext tls;

    @BeforeAll
    void makeCertificate(@TempDir Path directory) throws Exception {
        tls = TestTls.context(directory);
    }

    private WebSocketServer serve(boolean secure, int windows) throws IOException {
        Upgrader upgrader = Upgrader.builder()
                .permessageDeflate(PermessageDeflate.builder()
                        .thresholdBytes(0)
                        .unboundedWindowBytes((long) windows * WINDOW)
                        .build())
                .build();
        WebSocketServer.Builder builder = WebSocketServer.builder()
                .bind("127.0.0.1", 0)
                .handle("/thread", exchange -> ServerUnderTest.echo(upgrader.upgrade(exchange)))
                .listen("/loop", upgrader, new CompressionScene.Echo())
                .handle("/answered", exchange -> {
                    exchange.respond(200, "text/plain", "no WebSocket");
                    assertThrows(IllegalStateException.class, () -> upgrader.upgrade(exchange));
                });
        return secure ? builder.tls(tls).start() : builder.start();
    }

    private ScriptedPeer connect(WebSocketServer server, boolean secure, String path, String offer) throws IOException {
        String request =
                HttpHead.upgradeRequest("localhost:" + server.port(), path, "Sec-WebSocket-Extensions: " + offer);
        return secure
                ? ScriptedPeer.overHttp(TestTls.connect(tls, server.port()), request)
                : ScriptedPeer.overHttp("127.0.0.1", server.port(), request);
    }

    private static @Nullable String agreed(ScriptedPeer peer) {
        return peer.response().header("Sec-WebSocket-Extensions").orElse(null);
    }

    @ParameterizedTest(name = "on {0}, TLS {1}")
    @CsvSource({"/thread, false", "/thread, true", "/loop, false", "/loop, true"})
    void beyondTheBoundClientsAreServedWithoutCompressionUntilOneLeaves(String path, boolean secure) throws Exception {
        try (WebSocketServer server = serve(secure, 2);
                ScriptedPeer first = connect(server, secure, path, BARE).expectUpgraded();
                ScriptedPeer second = connect(server, secure, path, BARE).expectUpgraded();
                ScriptedPeer third = connect(server, secure, path, BARE).expectUpgraded();
                ScriptedPeer bounded = connect(server, secure, path, BOUNDED).expectUpgraded();
                ScriptedPeer either =
                        connect(server, secure, path, BARE + ", " + BOUNDED).expectUpgraded()) {
            assertEquals(BARE, agreed(first));
            assertEquals(BARE, agreed(second));
            assertEquals(null, agreed(third));
            assertEquals("permessage-deflate; client_max_window_bits=12", agreed(bounded));
            assertEquals("permessage-deflate; client_max_window_bits=12", agreed(either));
            third.sendText("plain");
            third.expectText("plain");

            second.sendClose(1000, "");
            second.expectClose(1000);
            second.expectEnd();
            awaitRoom(server, secure, path);
        }
    }

    /** A connection's end is seen by its peer a moment before the server has given everything back. */
    private void awaitRoom(WebSocketServer server, boolean secure, String path) throws Exception {
        Rig.await(
                () -> {
                    try (ScriptedPeer next = connect(server, secure, path, BARE).expectUpgraded()) {
                        return BARE.equals(agreed(next));
                    } catch (IOException e) {
                        throw new AssertionError(e);
                    }
                },
                () -> "the room of a connection that has ended is not free");
    }

    @ParameterizedTest
    @CsvSource({"/thread", "/loop"})
    void noRoomAtAllDeclinesCompressionToSuchClients(String path) throws Exception {
        try (WebSocketServer server = serve(false, 0);
                ScriptedPeer bare = connect(server, false, path, BARE).expectUpgraded();
                ScriptedPeer without = connect(server, false, path, BARE + "; client_no_context_takeover")
                        .expectUpgraded()) {
            assertEquals(null, agreed(bare));
            assertEquals(BARE + "; client_no_context_takeover", agreed(without));
        }
    }

    @Test
    void anOpeningHandshakeThatFailsGivesItsRoomBack() throws Exception {
        try (WebSocketServer server = serve(false, 1)) {
            for (int i = 0; i < 3; i++) {
                try (ScriptedPeer refused = connect(server, false, "/answered", BARE)) {
                    assertEquals(200, refused.response().status());
                }
            }
            awaitRoom(server, false, "/thread");
        }
    }

    @ParameterizedTest(name = "on {0}, TLS {1}")
    @CsvSource({"/thread, false", "/thread, true", "/loop, false"})
    void aMessageMayReferAsFarBackAsSuchAClientGoes(String path, boolean secure) throws Exception {
        ZlibPool pool = new ZlibPool(6, 1);
        try (WebSocketServer server = serve(secure, 1);
                ScriptedPeer peer =
                        connect(server, secure, path, BARE).expectUpgraded().allowRsv1();
                MessageDeflater deflater = new MessageDeflater(pool, new Direction(true, 15), false)) {
            CompressionScene.Reading reading = new CompressionScene.Reading(peer, new Direction(true, 15));
            byte[] noise = new byte[WINDOW - 300];
            new Random(7).nextBytes(noise);
            byte[] far = Arrays.copyOf(noise, 200);
            for (byte[] plain : new byte[][] {noise, far, "again".getBytes(StandardCharsets.UTF_8)}) {
                byte[] payload = CompressionScene.deflated(deflater, plain);
                assertTrue(plain.length != far.length || payload.length < 20, "it refers to what came 32 KiB before");
                peer.send(CompressionScene.compressed(Frame.BINARY, payload));
                assertArrayEquals(plain, reading.next());
            }
        }
    }

    @Test
    void theBoundIsChecked() {
        PermessageDeflate.Builder builder = PermessageDeflate.builder();
        assertEquals(
                "unboundedWindowBytes must not be negative: -1",
                assertThrows(IllegalArgumentException.class, () -> builder.unboundedWindowBytes(-1))
                        .getMessage());
        assertEquals(64L << 20, PermessageDeflate.defaults().unboundedWindowBytes());
        PermessageDeflate set =
                PermessageDeflate.builder().strictClientWindow(true).unboundedWindowBytes(5).build().toBuilder()
                        .build();
        assertTrue(set.strictClientWindow());
        assertEquals(5, set.unboundedWindowBytes());
    }
}
