// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.DialScene.Dial;
import dev.gibbon.reconnect.RetryPolicy;
import dev.gibbon.testkit.Frame;
import dev.gibbon.testkit.HttpHead;
import dev.gibbon.testkit.ScriptedPeer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Replies that other people's servers and proxies send, straight and through a proxy, and that mean something. */
@Timeout(300)
class DialerRepliesTest {
    private static final String TARGET = "ws://example.test/";

    private final DialScene scene = new DialScene();
    private final Dialer dialer = scene.dialer().build();

    @AfterEach
    void closeScene() {
        scene.close();
    }

    private static byte[] bytes(String latin1) {
        return latin1.getBytes(StandardCharsets.ISO_8859_1);
    }

    private Dialer behindProxy() {
        return scene.dialer()
                .proxy(ProxyPolicy.via(ProxyAddress.parse("http://proxy.test:3128")))
                .build();
    }

    /** {@return the proxy of the next dial, which has been asked for a tunnel} */
    private ScriptedPeer asked() throws Exception {
        ScriptedPeer proxy = scene.server();
        assertEquals("CONNECT example.test:80 HTTP/1.1", proxy.expectHead().startLine());
        return proxy;
    }

    /** Accepts with more fields, straight behind it a message; {@return the connection, which got that message} */
    private Connection accept(ScriptedPeer server, Dial dial, String fields) throws Exception {
        HttpHead request = server.expectHead();
        String reply = request.acceptingResponse().replaceFirst("\r\n", "\r\n" + fields);
        String message = new String(Frame.text("first").encode(), StandardCharsets.ISO_8859_1);
        server.sendRaw(bytes(reply + message));
        Connection connection = dial.connection();
        assertEquals("first", Objects.requireNonNull(connection.readMessage()).text());
        return connection;
    }

    /** Lets a proxy answer, and the target behind it accept. */
    private Connection through(String proxysReply) throws Exception {
        Dial dial = DialScene.start(behindProxy(), TARGET);
        ScriptedPeer proxy = asked();
        proxy.sendRaw(bytes(proxysReply));
        return accept(proxy, dial, "");
    }

    @Nested
    class BodyOfA101 {
        @ParameterizedTest
        @ValueSource(
                strings = {
                    "Content-Length: 0\r\n",
                    "Content-Length: 7\r\n",
                    "Content-Length: 5\r\nContent-Length: 6\r\n",
                    "Content-Length: many\r\n",
                    "Transfer-Encoding: chunked\r\n",
                    "Transfer-Encoding: gzip\r\nContent-Length: 5\r\n"
                })
        void hc15ThereIsNoneWhateverTheFieldsSayAndFramesFollow(String fields) throws Exception {
            Dial dial = DialScene.start(dialer, TARGET);
            Connection _ = accept(scene.server(), dial, fields);
            Dial tunnelled = DialScene.start(behindProxy(), TARGET);
            ScriptedPeer proxy = asked();
            proxy.sendRaw(bytes("HTTP/1.1 200 Connected\r\n" + fields + "\r\n"));
            Connection _ = accept(proxy, tunnelled, fields);
        }

        @Test
        void interimRepliesHaveNoneEither() throws Exception {
            String first = "HTTP/1.1 103 Hints\r\nContent-Length: 5\r\n\r\n";
            String interim = first + "HTTP/1.1 102 Wait\r\nTransfer-Encoding: chunked\r\n\r\n";
            Dial dial = DialScene.start(dialer, TARGET);
            ScriptedPeer server = scene.server();
            server.sendRaw(bytes(interim));
            Connection _ = accept(server, dial, "");
            Connection _ = through(interim + "HTTP/1.1 200 Connected\r\n\r\n");
        }

        @Test
        void refusedOneHasNoBodyInTheException() throws Exception {
            HandshakeException refusal = scene.answered(
                            dialer, _ -> "HTTP/1.1 101 Hm\r\nContent-Length: 5\r\n\r\nhello")
                    .refusal();
            assertEquals(101, refusal.status());
            assertEquals(0, refusal.body().length);
        }
    }

    @Nested
    class FoldedFields {
        @ParameterizedTest
        @CsvSource(
                delimiter = '|',
                ignoreLeadingAndTrailingWhitespace = false,
                value = {
                    "X: a\\r\\n b|a b",
                    "X: a\\r\\n\\tb|a b",
                    "X: a  \\r\\n \\t  b \\t\\r\\n c|a b c",
                    "X:\\r\\n b|b",
                    "X: a\\r\\n  |a",
                    "X: a\\r\\n \\r\\n b|a b",
                    "X: \\r\\n |''",
                    "X: a\\r\\n Y: b|a Y: b",
                })
        void foldIsABlank(String folded, String value) throws Exception {
            String lines = folded.translateEscapes() + "\r\nZ: z\r\n";
            Dial dial = DialScene.start(dialer, TARGET);
            Connection _ = accept(scene.server(), dial, lines);
            Headers fields = dial.result().headers();
            assertEquals(List.of(value), fields.all("X"));
            assertEquals(List.of("z"), fields.all("Z"));
            assertEquals(Optional.empty(), fields.first("Y"));
            Connection _ = through("HTTP/1.1 200 Connected\r\n" + lines + "\r\n");
        }

        @Test
        void whatTheHandshakeChecksMayBeFolded() throws Exception {
            Dial dial = scene.answered(
                    dialer, request -> request.acceptingResponse().replace(": ", ":\r\n\t"));
            assertEquals(ConnectionState.OPEN, dial.connection().state());
        }

        @Test
        void proxysRefusalMayBeFolded() throws Exception {
            Dial dial = DialScene.start(behindProxy(), TARGET);
            asked().sendRaw(bytes("HTTP/1.1 403 No\r\nX-Why: one\r\n two\r\nContent-Length: 0\r\n\r\n"));
            assertEquals(Optional.of("one two"), dial.refusal().headers().first("X-Why"));
        }

        @Test
        void foldsAreNoWayAroundTheLimits() throws Exception {
            Dial dial = DialScene.start(dialer, TARGET);
            ScriptedPeer server = scene.server();
            HttpHead request = server.expectHead();
            String folded = "X: a\r\n" + (" " + "a".repeat(1000) + "\r\n").repeat(9);
            try {
                server.sendRaw(bytes(request.acceptingResponse().replaceFirst("\r\n", "\r\n" + folded)));
            } catch (IOException _) {
                // The client need not wait for all of it.
            }
            assertTrue(dial.refusal().getMessage().contains("field line > "), "one field is bounded, folds included");
        }

        @Test
        void blankBeforeTheFirstFieldIsNone() throws Exception {
            HandshakeException refusal = scene.answered(
                            dialer, request -> request.acceptingResponse().replaceFirst("\r\n", "\r\n X: a\r\n"))
                    .refusal();
            assertTrue(refusal.getMessage().startsWith("malformed reply"), refusal.getMessage());
        }
    }

    @Nested
    class StatusesBeyond599 {
        @ParameterizedTest
        @ValueSource(ints = {600, 666, 799, 999})
        void areRefusalsWithStatusFieldsAndBody(int status) throws Exception {
            String reply = "HTTP/1.1 " + status + " Odd\r\nX-Why: odd\r\nContent-Length: 4\r\n\r\nnope";
            expect(status, scene.answered(dialer, _ -> reply));
            Dial dial = DialScene.start(behindProxy(), TARGET);
            asked().sendRaw(bytes(reply));
            expect(status, dial);
        }

        private void expect(int status, Dial dial) throws Exception {
            HandshakeException refusal = dial.refusal();
            assertEquals(status, refusal.status());
            assertEquals(Optional.of("odd"), refusal.headers().first("X-Why"));
            assertArrayEquals(bytes("nope"), refusal.body());
            assertTrue(RetryPolicy.standard().decide(refusal).retries(), "it is tried again as after any 5xx");
        }
    }
}
