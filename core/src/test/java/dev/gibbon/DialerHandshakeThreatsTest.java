// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.DialScene.Dial;
import dev.gibbon.HandshakeTimeoutException.Stage;
import dev.gibbon.client.Target;
import dev.gibbon.testkit.Frame;
import dev.gibbon.testkit.HttpHead;
import dev.gibbon.testkit.ManualClock;
import dev.gibbon.testkit.ScriptedPeer;
import dev.gibbon.testkit.TransportPair;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.InetAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The dialer against hostile servers: entries HC-01 to HC-28 of the threat catalogue, each a test. */
class DialerHandshakeThreatsTest {
    private static final String END = "\r\n";

    private final DialScene scene = new DialScene();
    private final Dialer dialer = scene.dialer().build();

    @AfterEach
    void closeScene() {
        scene.close();
    }

    private HandshakeException refusalOf(String reply) throws Exception {
        HandshakeException refusal = scene.answered(dialer, _ -> reply).refusal();
        assertTrue(scene.allClosed());
        return refusal;
    }

    /** {@return the refusal of a 101 that has a line of its accepting fields changed} */
    private HandshakeException refusalOfAccepting(Dialer asker, String from, String to) throws Exception {
        HandshakeException refusal = scene.answered(asker, request -> {
                    String accepting = request.acceptingResponse();
                    String changed = accepting.replaceFirst(from, to);
                    assertFalse(changed.equals(accepting), "nothing to replace");
                    return changed;
                })
                .refusal();
        assertTrue(scene.allClosed());
        return refusal;
    }

    private HandshakeException refusalOfAcceptingWith(Dialer asker, String... moreFields) throws Exception {
        HandshakeException refusal = scene.answered(asker, request -> request.acceptingResponse(moreFields))
                .refusal();
        assertTrue(scene.allClosed());
        return refusal;
    }

    @Nested
    class Refusals {
        @Test
        void hc01Status200WithAllFieldsIsRefusedWithItsBody() throws Exception {
            HandshakeException refusal = scene.answered(
                            dialer,
                            request -> request.acceptingResponse("Content-Length: 5", "X-Tell: tale")
                                            .replaceFirst("101 Switching Protocols", "200 OK")
                                    + "hello, not read")
                    .refusal();
            assertEquals(200, refusal.status());
            assertEquals(Optional.of("tale"), refusal.headers().first("x-tell"));
            assertArrayEquals("hello".getBytes(StandardCharsets.US_ASCII), refusal.body());
            assertTrue(scene.allClosed());
        }

        @ParameterizedTest
        @ValueSource(ints = {301, 302, 303, 307, 308})
        void hc02RedirectIsARefusalUnlessFollowingIsOn(int status) throws Exception {
            HandshakeException refusal =
                    refusalOf("HTTP/1.1 " + status + " Elsewhere\r\nLocation: ws://b.test/\r\n\r\n");
            assertEquals(status, refusal.status());
            assertEquals(Optional.of("ws://b.test/"), refusal.headers().first("Location"));
            assertEquals(List.of("example.test 80"), scene.asked());
        }

        @ParameterizedTest
        @ValueSource(ints = {401, 407})
        void hc03ChallengeIsARefusalWithoutAHandler(int status) throws Exception {
            HandshakeException refusal =
                    refusalOf("HTTP/1.1 " + status + " Who?\r\nWWW-Authenticate: Basic realm=\"x\"\r\n\r\n");
            assertEquals(status, refusal.status());
            assertEquals(List.of("Basic realm=\"x\""), refusal.headers().all("www-authenticate"));
            assertEquals(1, scene.all().size());
        }

        @Test
        void hc03SecondChallengeIsARefusal() throws Exception {
            Dialer asker = scene.dialer()
                    .authentication(AuthenticationHandler.basic("Aladdin", "open sesame"))
                    .build();
            Dial dial = DialScene.start(asker, "ws://example.test/");
            ScriptedPeer first = scene.server();
            assertEquals(Optional.empty(), first.expectHead().header("Authorization"));
            first.sendRaw(bytes("HTTP/1.1 401 Who?\r\nWWW-Authenticate: Digest x=y, basic realm=\"a\"\r\n\r\n"));
            ScriptedPeer second = scene.server();
            assertEquals(
                    Optional.of("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="),
                    second.expectHead().header("Authorization"));
            second.sendRaw(bytes("HTTP/1.1 401 Who?\r\nWWW-Authenticate: Basic realm=\"a\"\r\n\r\n"));
            second.shutdownOutput();
            assertEquals(401, dial.refusal().status());
            assertEquals(2, scene.all().size());
            assertTrue(scene.allClosed());
        }

        @Test
        void hc03TargetThatSends407GetsNoCredentials() throws Exception {
            List<Integer> asked = new ArrayList<>();
            Dialer asker = scene.dialer()
                    .authentication(challenge -> {
                        asked.add(challenge.status());
                        return Optional.of("Basic c2VjcmV0");
                    })
                    .build();
            HandshakeException refusal = scene.answered(
                            asker, _ -> "HTTP/1.1 407 Who?\r\nProxy-Authenticate: Basic realm=\"a\"\r\n\r\n")
                    .refusal();
            assertEquals(407, refusal.status());
            assertEquals(List.of(), asked);
        }

        @Test
        void hc20EndlessBodyIsReadTo64KiB() throws Exception {
            Dial dial = DialScene.start(dialer, "ws://example.test/");
            TransportPair pair = scene.pair();
            ScriptedPeer server = ScriptedPeer.over(pair.server(), Role.SERVER);
            HttpHead _ = server.expectHead();
            server.sendRaw(bytes("HTTP/1.1 500 Oops\r\n\r\n"));
            byte[] page = new byte[1024];
            assertThrows(IOException.class, () -> {
                while (true) {
                    server.sendRaw(page);
                }
            });
            HandshakeException refusal = dial.refusal();
            assertEquals(500, refusal.status());
            assertEquals(64 * 1024, refusal.body().length);
            assertTrue(scene.allClosed());
            assertTrue(pair.client().counters().bytesRead() <= 64 * 1024 + 8 * 1024);
        }

        @Test
        void hc21CompressedBodyIsHandedOverAsItIs() throws Exception {
            String packed = "\u001f\u008b\u0008 is no page";
            HandshakeException refusal =
                    refusalOf("HTTP/1.1 503 Busy\r\nContent-Encoding: gzip\r\nContent-Length: 14\r\n\r\n" + packed);
            assertArrayEquals(bytes(packed), refusal.body());
        }

        @Test
        void slowBodyEndsWithTheDeadlineAndIsStillARefusal() throws Exception {
            ManualClock clock = new ManualClock();
            Dial dial = DialScene.start(scene.dialer().timeSource(clock).build(), "ws://example.test/");
            TransportPair pair = scene.pair();
            ScriptedPeer server = ScriptedPeer.over(pair.server(), Role.SERVER);
            HttpHead _ = server.expectHead();
            server.sendRaw(bytes("HTTP/1.1 403 No\r\nContent-Length: 100\r\n\r\nbecause"));
            while (pair.client().available() > 0) {
                Thread.onSpinWait();
            }
            pair.client().awaitBlockedReader();
            clock.advance(Duration.ofSeconds(45));
            HandshakeException refusal = dial.refusal();
            assertEquals(403, refusal.status());
            assertArrayEquals(bytes("because"), refusal.body());
        }
    }

    @Nested
    class Replies {
        @Test
        void hc04InterimRepliesAreSkipped() throws Exception {
            Dial dial = scene.answered(
                    dialer,
                    request -> "HTTP/1.1 100 Continue\r\n\r\n".repeat(4)
                            + "HTTP/1.1 103 Hints\r\nLink: <a>\r\n\r\n".repeat(4)
                            + request.acceptingResponse("X-Last: yes"));
            assertEquals(Optional.of("yes"), dial.result().headers().first("X-Last"));
            assertFalse(dial.result().headers().contains("Link"));
        }

        @Test
        void hc04NineInterimRepliesAreTooMany() throws Exception {
            HandshakeException refusal = scene.answered(
                            dialer, request -> "HTTP/1.1 100 Continue\r\n\r\n".repeat(9) + request.acceptingResponse())
                    .refusal();
            assertTrue(refusal.getMessage().contains("more than 8 interim"), refusal.getMessage());
            assertTrue(scene.allClosed());
        }

        @Test
        void hc05MissingUpgradeIsRefused() throws Exception {
            assertEquals(
                    101,
                    refusalOfAccepting(dialer, "Upgrade: websocket\r\n", "").status());
        }

        @ParameterizedTest
        @ValueSource(strings = {"Upgrade: h2c", "Upgrade: websockets", "Upgrade: web socket", "Upgrade:"})
        void hc06WrongUpgradeIsRefused(String field) throws Exception {
            HandshakeException refusal = refusalOfAccepting(dialer, "Upgrade: websocket", field);
            assertTrue(refusal.getMessage().contains("Upgrade"), refusal.getMessage());
        }

        @ParameterizedTest
        @ValueSource(strings = {"Connection: keep-alive", "Connection: upgraded", "Connection:"})
        void hc06WrongConnectionIsRefused(String field) throws Exception {
            HandshakeException refusal = refusalOfAccepting(dialer, "Connection: Upgrade", field);
            assertTrue(refusal.getMessage().contains("Connection"), refusal.getMessage());
        }

        @Test
        void extraTokensInUpgradeAndConnectionAreFine() throws Exception {
            Dial dial = scene.answered(
                    dialer,
                    request -> request.acceptingResponse()
                            .replace("Upgrade: websocket", "Upgrade: foo, WebSocket")
                            .replace("Connection: Upgrade", "Connection: keep-alive, upgrade"));
            assertEquals(ConnectionState.OPEN, dial.connection().state());
        }

        @Test
        void hc07AbsentAcceptIsRefused() throws Exception {
            assertTrue(refusalOfAccepting(dialer, "Sec-WebSocket-Accept: .*\r\n", "")
                    .getMessage()
                    .contains("Sec-WebSocket-Accept"));
        }

        @Test
        void hc07AcceptOfAnotherKeyIsRefused() throws Exception {
            assertTrue(refusalOfAccepting(
                            dialer,
                            "Sec-WebSocket-Accept: .*\r\n",
                            "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK\\+xOo=\r\n")
                    .getMessage()
                    .contains("does not answer the key"));
        }

        @Test
        void hc07AcceptInOtherCaseIsRefused() throws Exception {
            HandshakeException refusal = scene.answered(dialer, request -> {
                        String accept = HttpHead.acceptKey(
                                request.header("Sec-WebSocket-Key").orElseThrow());
                        String swapped = accept.equals(accept.toLowerCase(Locale.ROOT))
                                ? accept.toUpperCase(Locale.ROOT)
                                : accept.toLowerCase(Locale.ROOT);
                        return request.acceptingResponse().replace(accept, swapped);
                    })
                    .refusal();
            assertTrue(refusal.getMessage().contains("does not answer the key"));
        }

        @Test
        void hc07TwoAcceptsAreRefused() throws Exception {
            HandshakeException refusal = scene.answered(
                            dialer,
                            request -> request.acceptingResponse("Sec-WebSocket-Accept: "
                                    + HttpHead.acceptKey(
                                            request.header("Sec-WebSocket-Key").orElseThrow())))
                    .refusal();
            assertTrue(refusal.getMessage().contains("2 Sec-WebSocket-Accept"), refusal.getMessage());
        }

        @Test
        void hc08SubprotocolThatNobodyRequestedIsRefused() throws Exception {
            assertTrue(refusalOfAcceptingWith(dialer, "Sec-WebSocket-Protocol: chat")
                    .getMessage()
                    .contains("not requested"));
        }

        @Test
        void hc08OtherTwoOrEmptySubprotocolsAreRefused() throws Exception {
            Dialer asker = scene.dialer().subprotocols("chat", "superchat").build();
            HandshakeException _ = refusalOfAcceptingWith(asker, "Sec-WebSocket-Protocol: Chat");
            HandshakeException _ = refusalOfAcceptingWith(asker, "Sec-WebSocket-Protocol: chat, superchat");
            HandshakeException _ =
                    refusalOfAcceptingWith(asker, "Sec-WebSocket-Protocol: chat", "Sec-WebSocket-Protocol: superchat");
            HandshakeException _ = refusalOfAcceptingWith(asker, "Sec-WebSocket-Protocol:");
        }

        @Test
        void hc09ServerMayChooseNoSubprotocol() throws Exception {
            Dialer asker = scene.dialer().subprotocols("chat").build();
            Dial dial = scene.answered(asker, HttpHead::acceptingResponse);
            assertEquals(Optional.empty(), dial.connection().subprotocol());
        }

        @Test
        void hc09ServerMustChooseOneIfToldSo() throws Exception {
            Dialer asker =
                    scene.dialer().subprotocols("chat").requireSubprotocol(true).build();
            assertTrue(refusalOfAcceptingWith(asker).getMessage().contains("chose none"));
        }

        /** None is offered yet, so each of these answers to nothing. */
        @ParameterizedTest
        @ValueSource(
                strings = {
                    "permessage-deflate",
                    "foo, foo",
                    "permessage-deflate; server_max_window_bits=7",
                    "permessage-deflate; server_max_window_bits=1000000000000",
                    "permessage-deflate; server_max_window_bits=\"010\"",
                    "permessage-deflate; client_max_window_bits=10",
                    "permessage-deflate; server_no_context_takeover=1; server_no_context_takeover",
                    "permessage-deflate;;",
                    "="
                })
        void hc10hc11hc18hc19ExtensionThatWasNotOfferedIsRefused(String answer) throws Exception {
            HandshakeException refusal = refusalOfAcceptingWith(dialer, "Sec-WebSocket-Extensions: " + answer);
            assertTrue(refusal.getMessage().contains("xtension"), refusal.getMessage());
        }

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "HTTP/1.0 101 Switching Protocols",
                    "HTTP/2 101",
                    "HTTP/2.0 101 Switching Protocols",
                    "HTTP/1.1  101 Switching Protocols",
                    "HTTP/1.1 1010 Switching Protocols",
                    "HTTP/1.1 101Switching",
                    "http/1.1 101 Switching Protocols",
                    "junk HTTP/1.1 101 Switching Protocols",
                    "\r\nHTTP/1.1 101 Switching Protocols",
                    "\u0016\u0003\u0001\u0002"
                })
        void hc12BrokenStatusLineIsRefused(String statusLine) throws Exception {
            HandshakeException _ = refusalOfAccepting(dialer, "HTTP/1.1 101 Switching Protocols", statusLine);
        }

        @Test
        void hc13LongLineIsRefusedBeforeMoreIsRead() throws Exception {
            assertLimited("X-Long: " + "a".repeat(40_000) + END);
        }

        @Test
        void hc13LongHeadIsRefusedBeforeMoreIsRead() throws Exception {
            assertLimited(("X-Long: " + "a".repeat(1000) + END).repeat(40));
        }

        @Test
        void hc13ManyFieldsAreRefused() throws Exception {
            assertLimited("X: y\r\n".repeat(5000));
        }

        private void assertLimited(String fields) throws Exception {
            Dial dial = DialScene.start(dialer, "ws://example.test/");
            TransportPair pair = scene.pair();
            ScriptedPeer server = ScriptedPeer.over(pair.server(), Role.SERVER);
            String accepting = server.expectHead().acceptingResponse();
            try {
                server.sendRaw(bytes(accepting.replaceFirst("\r\n", END + fields)));
            } catch (IOException _) {
                // The client need not wait for all of it.
            }
            HandshakeException refusal = dial.refusal();
            assertTrue(refusal.getMessage().startsWith("malformed reply: "), refusal.getMessage());
            assertTrue(pair.client().counters().bytesRead() <= 16 * 1024 + 4 * 1024);
            assertTrue(scene.allClosed());
        }

        @Test
        void hc13LimitsAreOptions() throws Exception {
            Dialer strict = scene.dialer().maxHeaderCount(4).build();
            HandshakeException _ = refusalOfAcceptingWith(strict, "X: 1", "X: 2");
            Dialer small = scene.dialer().maxHeadBytes(64).build();
            HandshakeException _ = refusalOfAcceptingWith(small);
        }

        @Test
        void hc14DribbledReplyEndsWithTheDeadline() throws Exception {
            ManualClock clock = new ManualClock();
            Dial dial = DialScene.start(scene.dialer().timeSource(clock).build(), "ws://example.test/");
            ScriptedPeer server = scene.server();
            byte[] reply = bytes(server.expectHead().acceptingResponse());
            for (int second = 0; second < 44; second++) {
                server.sendRaw(new byte[] {reply[second]});
                clock.advance(Duration.ofSeconds(1));
            }
            assertFalse(dial.task().isDone());
            clock.advance(Duration.ofSeconds(1));
            HandshakeTimeoutException timeout = assertInstanceOf(HandshakeTimeoutException.class, dial.failure());
            assertEquals(Stage.REPLY, timeout.stage());
            assertTrue(scene.allClosed());
            assertEquals(0, clock.pending());
        }

        @Test
        void replyThatNeverComesIsRefused() throws Exception {
            assertTrue(refusalOf("").getMessage().contains("without a reply"));
            assertTrue(refusalOf("HTTP/1.1 101").getMessage().contains("within its reply"));
        }
    }

    @Nested
    class BehindTheReply {
        @Test
        void hc16FramesBehindTheReplyAreKeptAtAnySplit() throws Exception {
            byte[] frames = HexFormat.of()
                    .parseHex(hex(Frame.text("first")) + hex(Frame.binary(new byte[300])) + hex(Frame.text("last")));
            int split = 0;
            int length;
            do {
                Dial dial = DialScene.start(dialer, "ws://example.test/");
                TransportPair pair = scene.pair();
                ScriptedPeer server = ScriptedPeer.over(pair.server(), Role.SERVER);
                byte[] reply = bytes(server.expectHead().acceptingResponse());
                length = reply.length + frames.length;
                byte[] wire = Arrays.copyOf(reply, length);
                System.arraycopy(frames, 0, wire, reply.length, frames.length);
                server.sendRaw(Arrays.copyOf(wire, split));
                if (split < reply.length) {
                    pair.client().awaitBlockedReader();
                }
                server.sendRaw(Arrays.copyOfRange(wire, split, length));
                Connection connection = dial.connection();
                assertEquals("first", read(connection).text());
                assertEquals(300, read(connection).bytes().length);
                assertEquals("last", read(connection).text());
                pair.close();
                split++;
            } while (split <= length);
        }

        private static String hex(Frame frame) {
            return HexFormat.of().formatHex(frame.encode());
        }

        private static Message read(Connection connection) throws IOException {
            Message message = connection.readMessage();
            if (message == null) {
                throw new AssertionError("closed");
            }
            return message;
        }

        @Test
        void hc17StreamThatEndsBehindTheReplyIsALostConnection() throws Exception {
            Connection connection =
                    scene.answered(dialer, HttpHead::acceptingResponse).connection();
            ConnectionClosedException lost = assertThrows(ConnectionClosedException.class, connection::readMessage);
            assertEquals(CloseCode.ABNORMAL_CLOSURE, lost.closeStatus().code());
        }
    }

    @Nested
    class Redirects {
        private final Dialer follower =
                scene.dialer().followRedirects(10).secretHeaders("X-Api-Key").build();
        private final Headers credentials = Headers.of(
                "Authorization",
                "Bearer a",
                "Cookie",
                "b=c",
                "Proxy-Authorization",
                "d",
                "x-api-key",
                "e",
                "X-Other",
                "f");

        /** {@return the request that follows a redirect} */
        private HttpHead follow(String from, String location) throws Exception {
            Dial dial = DialScene.start(follower, from, credentials);
            ScriptedPeer first = scene.server();
            HttpHead asked = first.expectHead();
            assertEquals(Optional.of("Bearer a"), asked.header("Authorization"));
            first.sendRaw(bytes("HTTP/1.1 307 There\r\nLocation: " + location + "\r\n\r\n"));
            ScriptedPeer second = scene.server();
            HttpHead request = second.expectHead();
            assertNotSameKey(asked, request);
            second.sendRaw(bytes(request.acceptingResponse()));
            assertEquals(ConnectionState.OPEN, dial.connection().state());
            return request;
        }

        private static void assertNotSameKey(HttpHead a, HttpHead b) {
            assertFalse(a.header("Sec-WebSocket-Key").equals(b.header("Sec-WebSocket-Key")));
        }

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "ws://other.test/",
                    "ws://example.test:8080/",
                    "ws://sub.example.test/",
                    "//other.test/x",
                    "http://other.test/"
                })
        void hc22CredentialsStayBehindAtAnotherOrigin(String location) throws Exception {
            HttpHead request = follow("ws://example.test/", location);
            for (String secret : List.of("Authorization", "Cookie", "Proxy-Authorization", "X-Api-Key")) {
                assertEquals(Optional.empty(), request.header(secret), secret);
            }
            assertEquals(Optional.of("f"), request.header("X-Other"));
        }

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "/there?x=1",
                    "there?x=1",
                    "ws://EXAMPLE.test:80/there?x=1",
                    "http://example.test./there?x=1",
                    "?x=1"
                })
        void credentialsComeAlongAtTheSameOrigin(String location) throws Exception {
            HttpHead request = follow("ws://example.test/there?y", location);
            assertEquals("GET /there?x=1 HTTP/1.1", request.startLine());
            for (String secret : List.of("Authorization", "Cookie", "Proxy-Authorization", "X-Api-Key")) {
                assertTrue(request.header(secret).isPresent(), secret);
            }
        }

        @Test
        void hc22HandlerIsNotAskedForAnotherOrigin() throws Exception {
            Dialer asker = scene.dialer()
                    .followRedirects(1)
                    .authentication(AuthenticationHandler.basic("a", "b"))
                    .build();
            Dial dial = DialScene.start(asker, "ws://example.test/");
            ScriptedPeer first = scene.server();
            HttpHead _ = first.expectHead();
            first.sendRaw(bytes("HTTP/1.1 302 There\r\nLocation: ws://evil.test/\r\n\r\n"));
            ScriptedPeer second = scene.server();
            HttpHead _ = second.expectHead();
            second.sendRaw(bytes("HTTP/1.1 401 Who?\r\nWWW-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n"));
            assertEquals(401, dial.refusal().status());
            assertEquals(List.of("example.test 80", "evil.test 80"), scene.asked());
        }

        @ParameterizedTest
        @ValueSource(strings = {"ws://example.test/", "http://example.test/", "ws://other.test/"})
        void hc23RedirectFromWssToWsIsRefused(String location) {
            Target target = Target.of(URI.create("wss://example.test/"));
            IllegalArgumentException refused =
                    assertThrows(IllegalArgumentException.class, () -> target.redirected(location));
            assertEquals("a redirect from wss to ws", refused.getMessage());
        }

        @Test
        void hc24LoopEndsAfterTen() throws Exception {
            Dial dial = DialScene.start(follower, "ws://example.test/");
            for (int hop = 0; hop <= 10; hop++) {
                ScriptedPeer server = scene.server();
                HttpHead _ = server.expectHead();
                server.sendRaw(bytes("HTTP/1.1 302 Round\r\nLocation: /\r\n\r\n"));
            }
            HandshakeException refusal = dial.refusal();
            assertEquals(302, refusal.status());
            assertEquals("more than 10 redirects", refusal.getMessage());
            assertEquals(11, scene.all().size());
            assertTrue(scene.allClosed());
        }

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "Location: file:///etc/passwd",
                    "Location: unix:/run/x.sock",
                    "Location: ws://user:pw@example.test/",
                    "Location: ws://example.test/#x",
                    "Location: ws://",
                    "Location: ws:",
                    "Location: :",
                    "Location: ws://ho st/",
                    "Location: ws://example.test:0/",
                    "Location: ws://example.test:65536/",
                    "Location:",
                    "X: y",
                    "Location: /a\r\nLocation: /b"
                })
        void hc24RedirectToNowhereIsRefused(String fields) throws Exception {
            HandshakeException refusal = scene.answered(follower, _ -> "HTTP/1.1 301 There\r\n" + fields + "\r\n\r\n")
                    .refusal();
            assertEquals(301, refusal.status());
            assertEquals(1, scene.all().size());
            assertTrue(scene.allClosed());
        }
    }

    @Nested
    class Cancelling {
        /** How a dial is held up. */
        enum HeldUp {
            NAME_LOOKUP,
            CONNECT,
            TLS,
            REQUEST,
            REPLY
        }

        private final ManualClock clock = new ManualClock();
        private final CountDownLatch reached = new CountDownLatch(1);
        private final CountDownLatch never = new CountDownLatch(1);
        private final DialScene narrow = new DialScene(pair -> pair.capacity(1));

        private Dial heldUp(HeldUp stage) throws Exception {
            Dialer.Builder builder = Dialer.builder().timeSource(clock);
            String scheme = stage == HeldUp.TLS ? "wss" : "ws";
            Dialer held = switch (stage) {
                case NAME_LOOKUP ->
                    builder.resolver(_ -> {
                                waitForEver();
                                return List.of(InetAddress.getLoopbackAddress());
                            })
                            .build();
                case CONNECT ->
                    builder.connector((_, _) -> {
                                waitForEver();
                                return scene.connect("late", 1);
                            })
                            .build();
                case REQUEST -> builder.connector(narrow).build();
                case TLS, REPLY -> builder.connector(scene).build();
            };
            Dial dial = DialScene.start(held, scheme + "://example.test/");
            switch (stage) {
                case NAME_LOOKUP, CONNECT -> reached.await();
                case REQUEST -> narrow.pair().client().awaitBlockedWriter();
                case TLS, REPLY -> scene.pair().client().awaitBlockedReader();
            }
            return dial;
        }

        private void waitForEver() throws InterruptedIOException {
            reached.countDown();
            try {
                never.await();
            } catch (InterruptedException e) {
                InterruptedIOException interrupted = new InterruptedIOException("left");
                interrupted.initCause(e);
                throw interrupted;
            }
        }

        @AfterEach
        void closeNarrow() {
            narrow.close();
        }

        @ParameterizedTest
        @EnumSource
        void hc28InterruptEndsTheDial(HeldUp stage) throws Exception {
            Dial dial = heldUp(stage);
            dial.thread().interrupt();
            InterruptedIOException ended = assertInstanceOf(InterruptedIOException.class, dial.failure());
            assertEquals("interrupted during the " + Stage.valueOf(stage.name()), ended.getMessage());
            assertNothingLeft();
        }

        @ParameterizedTest
        @EnumSource
        void hc28DeadlineEndsTheDialAndNamesTheStage(HeldUp stage) throws Exception {
            Dial dial = heldUp(stage);
            clock.advance(Duration.ofSeconds(45));
            HandshakeTimeoutException ended = assertInstanceOf(HandshakeTimeoutException.class, dial.failure());
            assertEquals(Stage.valueOf(stage.name()), ended.stage());
            assertNothingLeft();
        }

        private void assertNothingLeft() {
            assertTrue(scene.allClosed());
            assertTrue(narrow.allClosed());
            assertEquals(0, clock.pending());
        }

        @Test
        void transportOfAConnectorThatCannotBeInterruptedIsClosedWhenItComes() throws Exception {
            CountDownLatch comes = new CountDownLatch(1);
            Dialer held = Dialer.builder()
                    .timeSource(clock)
                    .connector((host, port) -> {
                        reached.countDown();
                        boolean waiting = true;
                        while (waiting) {
                            try {
                                comes.await();
                                waiting = false;
                            } catch (InterruptedException _) {
                                // As native code does.
                            }
                        }
                        return scene.connect(host, port);
                    })
                    .build();
            Dial dial = DialScene.start(held, "ws://example.test/");
            reached.await();
            dial.thread().interrupt();
            assertInstanceOf(InterruptedIOException.class, dial.failure());
            comes.countDown();
            TransportPair late = scene.pair();
            ScriptedPeer.over(late.server(), Role.SERVER).expectEnd();
        }

        @Test
        void threadThatIsInterruptedAlreadyConnectsNowhere() throws Exception {
            Thread.currentThread().interrupt();
            try {
                assertThrows(InterruptedIOException.class, () -> dialer.dial(URI.create("ws://example.test/")));
                assertTrue(Thread.currentThread().isInterrupted());
            } finally {
                boolean _ = Thread.interrupted();
            }
        }

        @Test
        void deadlineCoversRedirectsTogether() throws Exception {
            Dial dial = DialScene.start(
                    scene.dialer().timeSource(clock).followRedirects(5).build(), "ws://example.test/");
            for (int hop = 0; hop < 4; hop++) {
                ScriptedPeer server = scene.server();
                HttpHead _ = server.expectHead();
                clock.advance(Duration.ofSeconds(11));
                server.sendRaw(bytes("HTTP/1.1 302 On\r\nLocation: /\r\n\r\n"));
            }
            HttpHead _ = scene.server().expectHead();
            clock.advance(Duration.ofSeconds(1));
            assertInstanceOf(HandshakeTimeoutException.class, dial.failure());
        }

        @Test
        void timerIsGoneOnceTheConnectionIsOpen() throws Exception {
            Dialer timed = scene.dialer()
                    .timeSource(clock)
                    .options(Rig.quiet().build())
                    .build();
            Dial dial = DialScene.start(timed, "ws://example.test/");
            ScriptedPeer server = scene.server();
            server.sendRaw(bytes(server.expectHead().acceptingResponse()));
            Connection connection = dial.connection();
            clock.advance(Duration.ofSeconds(46));
            assertEquals(ConnectionState.OPEN, connection.state());
            assertNull(connection.closeStatus().orElse(null));
        }
    }

    private static byte[] bytes(String latin1) {
        return latin1.getBytes(StandardCharsets.ISO_8859_1);
    }
}
