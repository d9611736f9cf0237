// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.handshake;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.HandshakeException;
import dev.gibbon.Headers;
import dev.gibbon.OriginPolicy;
import dev.gibbon.handshake.ExtensionOffer.Parameter;
import dev.gibbon.spi.UpgradeRequest;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ClientHandshakeTest {
    private static final byte[] NONCE = "the sample nonce".getBytes(StandardCharsets.US_ASCII);
    private static final String ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
    private static final Headers VALID =
            Headers.of("Upgrade", "websocket", "Connection", "Upgrade", "Sec-WebSocket-Accept", ACCEPT);

    private static final ClientHandshake PLAIN = new ClientHandshake(NONCE, List.of(), false, List.of());
    private static final ClientHandshake OFFERING = new ClientHandshake(
            NONCE, List.of("chat", "Super"), false, List.of(ExtensionOffer.of("ext"), ExtensionOffer.of("ext2")));

    private static Headers with(String name, String... values) {
        Headers.Builder headers = Headers.builder();
        VALID.forEach(field -> {
            if (!field.is(name)) {
                headers.add(field.name(), field.value());
            }
        });
        for (String value : values) {
            headers.add(name, value);
        }
        return headers.build();
    }

    private static void assertBroken(ClientHandshake handshake, Headers reply) {
        HandshakeException e = assertThrows(HandshakeException.class, () -> handshake.check("HTTP/1.1", 101, reply));
        assertEquals(101, e.status());
        String message = String.valueOf(e.getMessage());
        assertTrue(message.chars().allMatch(c -> (c >= 0x20 && c < 0x7F) || c == '§'), message);
    }

    @Nested
    class Request {
        @Test
        void plainRequestHasTheFiveFieldsOfSection41() {
            assertEquals(
                    Headers.of(
                            "Host", "example.com:8080",
                            "Upgrade", "websocket",
                            "Connection", "Upgrade",
                            "Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==",
                            "Sec-WebSocket-Version", "13"),
                    PLAIN.requestFields("example.com:8080", Headers.of()));
        }

        @Test
        void offersAndExtraFieldsFollow() {
            ClientHandshake handshake = new ClientHandshake(
                    NONCE,
                    List.of("chat", "Super"),
                    false,
                    List.of(new ExtensionOffer("ext", List.of(Parameter.of("a", "1"))), ExtensionOffer.of("ext")));
            Headers fields = handshake.requestFields("h", Headers.of("Origin", "http://h", "Cookie", "c"));
            assertEquals(List.of("chat, Super"), fields.all("Sec-WebSocket-Protocol"));
            assertEquals(List.of("ext; a=1, ext"), fields.all("Sec-WebSocket-Extensions"));
            assertEquals(List.of("http://h"), fields.all("Origin"));
            assertEquals(List.of("c"), fields.all("Cookie"));
        }

        @Test
        void hostOfTheCallerTakesThePlaceOfOurs() {
            Headers fields = PLAIN.requestFields("h", Headers.of("hOST", "virtual.example"));
            assertEquals(List.of("virtual.example"), fields.all("Host"));
        }

        @ParameterizedTest(name = "SEC-12 {0}")
        @ValueSource(
                strings = {
                    "Upgrade",
                    "connection",
                    "SEC-WEBSOCKET-KEY",
                    "Sec-Websocket-Version",
                    "Sec-WebSocket-Extensions",
                    "sec-websocket-protocol",
                    "Content-Length",
                    "Transfer-encoding"
                })
        void reservedInAnySpellingIsRefused(String name) {
            Headers extra = Headers.of(name, "x");
            assertThrows(IllegalArgumentException.class, () -> PLAIN.requestFields("h", extra));
        }

        @ParameterizedTest(name = "SEC-12 host [{0}]")
        @ValueSource(strings = {"", "a\r\nX: y", "a b", "a/b", "u@a", "a:65536", "a,b"})
        void malformedHostIsRefused(String host) {
            assertThrows(IllegalArgumentException.class, () -> PLAIN.requestFields(host, Headers.of()));
        }

        @Test
        void sec12MalformedHostOfTheCallerIsRefused() {
            assertThrows(IllegalArgumentException.class, () -> PLAIN.requestFields("h", Headers.of("Host", "a b")));
            Headers twice = Headers.of("Host", "a", "Host", "a");
            assertThrows(IllegalArgumentException.class, () -> PLAIN.requestFields("h", twice));
        }

        @ParameterizedTest(name = "SEC-12 subprotocol [{0}]")
        @ValueSource(strings = {"", "a\r\nX: y", "a b", "a,b", "ä"})
        void malformedSubprotocolIsRefused(String subprotocol) {
            List<String> subprotocols = List.of(subprotocol);
            assertThrows(
                    IllegalArgumentException.class, () -> new ClientHandshake(NONCE, subprotocols, false, List.of()));
        }

        @Test
        void repeatedOrRequiredButMissingSubprotocolIsRefused() {
            List<String> twice = List.of("a", "a");
            assertThrows(IllegalArgumentException.class, () -> new ClientHandshake(NONCE, twice, false, List.of()));
            assertThrows(IllegalArgumentException.class, () -> new ClientHandshake(NONCE, List.of(), true, List.of()));
        }
    }

    @Nested
    class Reply {
        @Test
        void validReplyAgreesOnNothing() throws HandshakeException {
            assertEquals(new Agreement(Optional.empty(), List.of()), PLAIN.check("HTTP/1.1", 101, VALID));
        }

        @Test
        void extraTokensAndCaseAreFine() throws HandshakeException {
            PLAIN.check("HTTP/1.1", 101, with("Connection", "keep-alive, UPGRADE"));
            PLAIN.check("HTTP/1.1", 101, with("Upgrade", "WebSocket"));
        }

        @ParameterizedTest(name = "HC-01 HC-02 HC-03 status {0}")
        @ValueSource(ints = {100, 103, 200, 204, 301, 302, 303, 307, 308, 400, 401, 403, 407, 426, 500, 503})
        void anyStatusBut101FailsWithThatStatus(int status) {
            HandshakeException e = assertThrows(HandshakeException.class, () -> PLAIN.check("HTTP/1.1", status, VALID));
            assertEquals(status, e.status());
        }

        @Test
        void hc04InterimRepliesAreThoseBelow200But101() {
            for (int status : new int[] {100, 102, 103, 199}) {
                assertTrue(ClientHandshake.isInterim(status), "status " + status);
            }
            for (int status : new int[] {99, 101, 200, 500}) {
                assertFalse(ClientHandshake.isInterim(status), "status " + status);
            }
            assertEquals(8, ClientHandshake.MAX_INTERIM_REPLIES);
        }

        @Test
        void hc05NoUpgradeFails() {
            assertBroken(PLAIN, with("Upgrade"));
            assertBroken(PLAIN, with("Connection"));
        }

        @ParameterizedTest(name = "HC-06 [{0}]")
        @ValueSource(strings = {"", "h2c", "websockets", "web socket", "close", "upgraded"})
        void hc06WrongUpgradeOrConnectionFails(String value) {
            assertBroken(PLAIN, with("Upgrade", value));
            assertBroken(PLAIN, with("Connection", value));
        }

        @Test
        void hc07AcceptAbsentWrongRecasedOrRepeatedFails() {
            assertBroken(PLAIN, with("Sec-WebSocket-Accept"));
            assertBroken(PLAIN, with("Sec-WebSocket-Accept", ""));
            assertBroken(PLAIN, with("Sec-WebSocket-Accept", "AAAAAAAAAAAAAAAAAAAAAAAAAAA="));
            assertBroken(PLAIN, with("Sec-WebSocket-Accept", ACCEPT.replace('s', 'S')));
            assertBroken(PLAIN, with("Sec-WebSocket-Accept", ACCEPT, ACCEPT));
            assertBroken(PLAIN, with("Sec-WebSocket-Accept", "dGhlIHNhbXBsZSBub25jZQ=="));
        }

        @ParameterizedTest(name = "HC-12 {0}")
        @ValueSource(strings = {"HTTP/1.0", "HTTP/2", "HTTP/2.0", ""})
        void anyVersionButHttp11Fails(String version) {
            assertThrows(HandshakeException.class, () -> PLAIN.check(version, 101, VALID));
        }

        @Test
        void hc15AnnouncedBodyIsNone() throws HandshakeException {
            for (Headers reply : List.of(
                    with("Content-Length", "0"), with("Content-Length", "5"), with("Transfer-Encoding", "chunked"))) {
                assertEquals(PLAIN.check("HTTP/1.1", 101, VALID), PLAIN.check("HTTP/1.1", 101, reply));
            }
        }
    }

    @Nested
    class Subprotocol {
        @Test
        void requestedOneIsAgreed() throws HandshakeException {
            Agreement agreement = OFFERING.check("HTTP/1.1", 101, with("Sec-WebSocket-Protocol", "Super"));
            assertEquals(Optional.of("Super"), agreement.subprotocol());
        }

        @Test
        void hc08OneNotRequestedFails() {
            assertBroken(OFFERING, with("Sec-WebSocket-Protocol", "other"));
            assertBroken(OFFERING, with("Sec-WebSocket-Protocol", "super"));
            assertBroken(OFFERING, with("Sec-WebSocket-Protocol", ""));
            assertBroken(OFFERING, with("Sec-WebSocket-Protocol", "chat, Super"));
            assertBroken(OFFERING, with("Sec-WebSocket-Protocol", "chat", "chat"));
            assertBroken(PLAIN, with("Sec-WebSocket-Protocol", "chat"));
            assertBroken(PLAIN, with("Sec-WebSocket-Protocol", ""));
        }

        @Test
        void hc09NoneIsFineUnlessRequired() throws HandshakeException {
            assertEquals(
                    Optional.empty(), OFFERING.check("HTTP/1.1", 101, VALID).subprotocol());
            assertBroken(new ClientHandshake(NONCE, List.of("chat"), true, List.of()), VALID);
        }
    }

    @Nested
    class Extensions {
        @Test
        void offeredOnesAreAgreedInTheOrderOfTheReply() throws HandshakeException {
            Agreement agreement = OFFERING.check("HTTP/1.1", 101, with("Sec-WebSocket-Extensions", "ext2; a=1", "ext"));
            assertEquals(
                    List.of(new ExtensionOffer("ext2", List.of(Parameter.of("a", "1"))), ExtensionOffer.of("ext")),
                    agreement.extensions());
        }

        @Test
        void hc10NotOfferedRepeatedOrBrokenFails() {
            assertBroken(PLAIN, with("Sec-WebSocket-Extensions", "ext"));
            assertBroken(OFFERING, with("Sec-WebSocket-Extensions", "ext, other"));
            assertBroken(OFFERING, with("Sec-WebSocket-Extensions", "ext, ext"));
            assertBroken(OFFERING, with("Sec-WebSocket-Extensions", "ext", "ext"));
            assertBroken(OFFERING, with("Sec-WebSocket-Extensions", "ext;"));
        }

        @Test
        void emptyElementsOfTheReplyAreSkipped() throws HandshakeException {
            for (String reply : List.of("", ",", "ext,", ",ext", " ,, ext ,")) {
                assertEquals(
                        reply.contains("ext") ? List.of(ExtensionOffer.of("ext")) : List.of(),
                        OFFERING.check("HTTP/1.1", 101, with("Sec-WebSocket-Extensions", reply))
                                .extensions());
            }
        }
    }

    @Test
    void bothSidesAgree() throws HandshakeException {
        Headers request = OFFERING.requestFields("example.com", Headers.of("Origin", "http://example.com"));
        ServerPolicy policy = new ServerPolicy(
                OriginPolicy.sameOrigin(), List.of("Super"), true, _ -> List.of(ExtensionOffer.of("ext")));
        HandshakeOutcome outcome = ServerHandshake.respond(
                UpgradeRequest.http("GET", "HTTP/1.1", "example.com", false, request), policy, Headers.of("X", "y"));
        HandshakeOutcome.Accepted accepted = assertInstanceOf(HandshakeOutcome.Accepted.class, outcome);
        Agreement agreement = OFFERING.check("HTTP/1.1", 101, accepted.reply());
        assertEquals(accepted.agreement(), agreement);
        assertEquals(Optional.of("Super"), agreement.subprotocol());
    }
}
