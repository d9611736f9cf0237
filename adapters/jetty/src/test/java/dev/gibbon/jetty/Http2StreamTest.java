// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.jetty;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.Connection;
import dev.gibbon.ConnectionOptions;
import dev.gibbon.Role;
import dev.gibbon.testkit.Frame;
import dev.gibbon.testkit.ScriptedPeer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.eclipse.jetty.http.HttpFields;
import org.eclipse.jetty.http.MetaData;
import org.eclipse.jetty.http2.ErrorCode;
import org.eclipse.jetty.http2.api.Session;
import org.eclipse.jetty.http2.client.HTTP2Client;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** WebSockets on streams of HTTP/2 (RFC 8441), looked at from below: Gibbon's client over a stream of Jetty's. */
@Timeout(300)
class Http2StreamTest {
    private static final ConnectionOptions OPTIONS = ConnectionOptions.builder()
            .maxMessageBytes(Scenes.LARGE)
            .maxFrameBytes(Scenes.LARGE)
            .build();

    private final Scenes scenes = new Scenes();
    private JettyServer server;
    private HTTP2Client client;
    private Session session;

    @BeforeEach
    void start() throws Exception {
        server = JettyServer.http2(scenes.site(Optional.empty(), Optional.empty()));
        client = new HTTP2Client();
        client.setIdleTimeout(0);
        client.start();
        session = client.connect(new InetSocketAddress("127.0.0.1", server.port()), new Session.Listener() {})
                .get(1, TimeUnit.MINUTES);
    }

    @AfterEach
    void stop() throws Exception {
        client.stop();
        scenes.close();
        server.close();
    }

    private ClientStream stream(String path) throws Exception {
        ClientStream stream = ClientStream.open(session, "127.0.0.1:" + server.port(), path, "websocket");
        assertEquals(200, stream.answer().getStatus());
        return stream;
    }

    private static Connection connection(ClientStream stream) {
        return Connection.over(stream, Role.CLIENT, OPTIONS);
    }

    @Test
    void theAnswerHasNoFieldsOfHttp11() throws Exception {
        HttpFields fields = stream("/echo").answer().getHttpFields();
        for (String name : List.of("Upgrade", "Connection", "Sec-WebSocket-Accept", "Content-Length")) {
            assertFalse(fields.contains(name), name);
        }
    }

    @Test
    void messagesOfEveryLengthComeBack() throws Exception {
        for (String path : List.of("/echo", "/echo/event")) {
            ClientStream stream = stream(path);
            Connection ws = connection(stream);
            for (int length : new int[] {0, 1, 125, 126, 65_535, 65_536, Scenes.LARGE}) {
                byte[] message = Scenes.random(length);
                ws.writeBinary(message);
                assertArrayEquals(message, ws.readMessage().bytes());
            }
            Duration _ = ws.ping().get(1, TimeUnit.MINUTES);
            ws.close();
            assertEquals(1000, ws.closed().get(1, TimeUnit.MINUTES).code().value());
            scenes.awaitCount(0);
            assertTrue(stream.endedCleanly());
        }
    }

    @Test
    void theServerEndsTheStreamBehindItsCloseFrame() throws Exception {
        ClientStream stream = stream("/room/a");
        Connection ws = connection(stream);
        ws.writeText("bye");
        assertEquals(4001, ws.closed().get(1, TimeUnit.MINUTES).code().value());
        scenes.awaitCount(0);
        assertTrue(stream.endedCleanly());
    }

    /** As browsers do, which call a close clean only where the stream ends and is not reset. */
    @Test
    void aCloseFrameThatEndsTheStreamIsAnsweredByOne() throws Exception {
        for (String path : List.of("/echo", "/echo/event")) {
            ClientStream stream = stream(path);
            stream.writeLast(Frame.close(1000, "").withMaskingKey(0x37fa213d).encode());
            ScriptedPeer peer = ScriptedPeer.over(stream, Role.CLIENT);
            peer.expectClose(1000, "");
            peer.expectEnd();
            scenes.awaitCount(0);
            assertTrue(stream.endedCleanly());
        }
    }

    @Test
    void aClientThatDoesNotReadHoldsTheServerUp() throws Exception {
        ClientStream flooded = stream("/flood");
        echoOnAnother();
        Connection ws = connection(flooded);
        for (int i = 0; i < 40; i++) {
            assertArrayEquals(new byte[Scenes.LARGE / 16], ws.readMessage().bytes());
        }
        ws.abort();
        scenes.awaitCount(0);
    }

    @Test
    void aServerThatDoesNotReadHoldsTheClientUp() throws Exception {
        Connection ws = connection(stream("/late"));
        byte[] message = Scenes.random(1 << 20);
        CompletableFuture<Void> sent = CompletableFuture.runAsync(() -> {
            try {
                for (int i = 0; i < 16; i++) {
                    ws.writeBinary(message);
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
        Connection _ = scenes.served();
        echoOnAnother();
        assertFalse(sent.isDone());
        scenes.letRead();
        for (int i = 0; i < 16; i++) {
            assertArrayEquals(message, ws.readMessage().bytes());
        }
        sent.get(1, TimeUnit.MINUTES);
    }

    private void echoOnAnother() throws Exception {
        try (Connection other = connection(stream("/echo/event"))) {
            for (int i = 0; i < 100; i++) {
                other.writeText("still here " + i);
                assertEquals("still here " + i, other.readMessage().text());
            }
        }
    }

    @Test
    void anAbortResetsTheStream() throws Exception {
        ClientStream stream = stream("/room/a");
        scenes.served().abort();
        assertEquals(ErrorCode.CANCEL_STREAM_ERROR.code, stream.reset());
        scenes.awaitCount(0);
        echoOnAnother();
    }

    @Test
    void aResetEndsTheConnection() throws Exception {
        ClientStream reading = stream("/room/a");
        ClientStream writing = stream("/flood");
        ClientStream waiting = stream("/late");
        reading.close();
        writing.close();
        waiting.close();
        scenes.awaitCount(0);
        echoOnAnother();
    }

    @Test
    void theEndOfAllStreamsEndsTheConnections() throws Exception {
        stream("/room/a");
        stream("/flood");
        stream("/late");
        client.stop();
        scenes.awaitCount(0);
    }

    @Test
    void othersProtocolsGoToTheWrappedHandler() throws Exception {
        ClientStream stream = ClientStream.open(session, "127.0.0.1:" + server.port(), "/echo", "connect-udp");
        MetaData.Response answer = stream.answer();
        assertEquals(404, answer.getStatus());
    }
}
