// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.handshake;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.Headers;
import dev.gibbon.OriginPolicy;
import dev.gibbon.handshake.ExtensionOffer.Parameter;
import dev.gibbon.handshake.HandshakeOutcome.Accepted;
import dev.gibbon.handshake.HandshakeOutcome.Refused;
import dev.gibbon.spi.UpgradeRequest;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ServerHandshakeTest {
    private static final String KEY = "dGhlIHNhbXBsZSBub25jZQ==";
    private static final String ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

    /** A request that passes every check, to be spoilt field by field. */
    private static final Headers VALID = Headers.of(
            "Host", "example.com",
            "Upgrade", "websocket",
            "Connection", "Upgrade",
            "Sec-WebSocket-Key", KEY,
            "Sec-WebSocket-Version", "13");

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

    private static UpgradeRequest get(Headers headers) {
        return UpgradeRequest.http("GET", "HTTP/1.1", "example.com", false, headers);
    }

    private static HandshakeOutcome respond(Headers headers) {
        return ServerHandshake.respond(get(headers), ServerPolicy.defaults(), Headers.of());
    }

    private static Accepted assertAccepted(HandshakeOutcome outcome) {
        return assertInstanceOf(Accepted.class, outcome);
    }

    private static Refused assertRefused(int status, HandshakeOutcome outcome) {
        Refused refused = assertInstanceOf(Refused.class, outcome);
        assertEquals(status, refused.status(), refused.reason());
        assertTrue(refused.reason().chars().allMatch(c -> (c >= 0x20 && c < 0x7F) || c == '§'), refused.reason());
        assertEquals(List.of("13"), refused.reply().all("Sec-WebSocket-Version"));
        assertTrue(TokenList.contains(refused.reply().all("Connection"), "close"));
        return refused;
    }

    private static ServerPolicy speaking(boolean required, String... subprotocols) {
        return new ServerPolicy(OriginPolicy.sameOrigin(), List.of(subprotocols), required, ExtensionNegotiator.none());
    }

    @Nested
    class Acceptance {
        @Test
        void hs01MinimalRequestGetsTheSampleAnswer() {
            Accepted accepted = assertAccepted(respond(VALID));
            assertEquals(
                    Headers.of("Upgrade", "websocket", "Connection", "Upgrade", "Sec-WebSocket-Accept", ACCEPT),
                    accepted.reply());
            assertEquals(new Agreement(Optional.empty(), List.of()), accepted.agreement());
        }

        @Test
        void hs02BrowserStyleIsAccepted() {
            assertAccepted(respond(Headers.of(
                    "hOST", "example.com",
                    "connection", "keep-alive,\tUPGRADE",
                    "UPGRADE", "WebSocket",
                    "Origin", "http://example.com",
                    "sec-websocket-version", "13",
                    "sec-websocket-key", KEY,
                    "Sec-WebSocket-Extensions", "permessage-deflate; client_max_window_bits")));
        }

        @Test
        void hs30ListsMaySpanElementsAndLines() {
            assertAccepted(respond(with("Upgrade", "foo, websocket")));
            assertAccepted(respond(with("Upgrade", "foo", "websocket")));
            assertAccepted(respond(with("Connection", "keep-alive", "Upgrade")));
        }

        @Test
        void hs46ReplyHasEachFieldOnceAndNoBody() {
            ServerPolicy policy = new ServerPolicy(
                    OriginPolicy.any(), List.of("chat"), false, offers -> List.of(ExtensionOffer.of("ext")));
            Headers request = Headers.builder()
                    .addAll(VALID)
                    .add("Sec-WebSocket-Protocol", "chat")
                    .add("Sec-WebSocket-Extensions", "ext; a, other")
                    .build();
            Accepted accepted = assertAccepted(ServerHandshake.respond(
                    get(request), policy, Headers.of("X-A", "1", "x-a", "2", "Set-Cookie", "c")));
            List<String> names = new ArrayList<>();
            accepted.reply().forEach(field -> names.add(field.name()));
            assertEquals(
                    List.of(
                            "Upgrade",
                            "Connection",
                            "Sec-WebSocket-Accept",
                            "Sec-WebSocket-Protocol",
                            "Sec-WebSocket-Extensions",
                            "X-A",
                            "x-a",
                            "Set-Cookie"),
                    names);
            assertEquals(Optional.of("chat"), accepted.agreement().subprotocol());
            assertEquals(List.of(ExtensionOffer.of("ext")), accepted.agreement().extensions());
        }

        @Test
        void hs40ExpectContinueNeedsNoInterimAnswer() {
            assertAccepted(respond(with("Expect", "100-Continue")));
            assertAccepted(respond(with("Expect", "")));
            assertRefused(417, respond(with("Expect", "200-ok")));
            assertRefused(417, respond(with("Expect", "100-continue, x")));
        }

        @Test
        void isUpgradeNeedsBothFieldsAndLooksAtNothingElse() {
            assertTrue(ServerHandshake.isUpgrade(Headers.of("Connection", "upgrade", "Upgrade", "WEBSOCKET")));
            assertFalse(ServerHandshake.isUpgrade(Headers.of("Connection", "upgrade")));
            assertFalse(ServerHandshake.isUpgrade(Headers.of("Upgrade", "websocket")));
            assertFalse(ServerHandshake.isUpgrade(Headers.of()));
        }
    }

    @Nested
    class Refusals {
        @ParameterizedTest(name = "HS-03 {0}")
        @ValueSource(strings = {"POST", "PUT", "HEAD", "OPTIONS", "TRACE", "get", "Get", "BREW", "GETS"})
        void anyMethodButGetIs405WithAllow(String method) {
            UpgradeRequest request = UpgradeRequest.http(method, "HTTP/1.1", "example.com", false, VALID);
            Refused refused =
                    assertRefused(405, ServerHandshake.respond(request, ServerPolicy.defaults(), Headers.of()));
            assertEquals(List.of("GET"), refused.reply().all("Allow"));
        }

        @ParameterizedTest(name = "HS-04 {0}")
        @ValueSource(strings = {"HTTP/1.0", "HTTP/2.0", "HTTP/1.2", ""})
        void anyVersionButHttp11Is426(String version) {
            UpgradeRequest request = UpgradeRequest.http("GET", version, "example.com", false, VALID);
            assertRefused(426, ServerHandshake.respond(request, ServerPolicy.defaults(), Headers.of()));
        }

        @Test
        void hs06NoUpgradeFieldIs426WithUpgrade() {
            Refused refused = assertRefused(426, respond(with("Upgrade")));
            assertEquals(List.of("websocket"), refused.reply().all("Upgrade"));
            assertTrue(TokenList.contains(refused.reply().all("Connection"), "Upgrade"));
        }

        @Test
        void hs06ARequestForAPageIs426() {
            Refused refused =
                    assertRefused(426, respond(Headers.of("Host", "example.com", "Connection", "keep-alive")));
            assertEquals(List.of("websocket"), refused.reply().all("Upgrade"));
        }

        @ParameterizedTest(name = "HS-07 [{0}]")
        @ValueSource(strings = {"", "h2c", "websockets", "web socket", "TLS/1.0", "websocket/13", "\"websocket\""})
        void anotherUpgradeIs426(String value) {
            assertRefused(426, respond(with("Upgrade", value)));
        }

        @ParameterizedTest(name = "HS-08 [{0}]")
        @ValueSource(strings = {"", "keep-alive", "upgraded", "x-upgrade", "close", "keep-alive Upgrade"})
        void connectionWithoutTheTokenIs400(String value) {
            assertRefused(400, respond(with("Connection", value)));
        }

        @Test
        void hs08NoConnectionFieldIs400() {
            assertRefused(400, respond(with("Connection")));
        }

        @Test
        void hs09NoKeyIs400() {
            assertRefused(400, respond(with("Sec-WebSocket-Key")));
        }

        @ParameterizedTest(name = "HS-10 [{0}]")
        @ValueSource(
                strings = {
                    "",
                    "AAAAAAAAAAAAAAAAAAAA",
                    "AAAAAAAAAAAAAAAAAAAAAAA=",
                    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
                    "dGhlIHNhbXBsZSBub25j!Q==",
                    "dGhlIHNhbXBsZS_ub25jZQ==",
                    "dGhlIHNhbXBsZSBub25jZQ",
                    "dGhlIHNhbXBs SBub25jZQ=="
                })
        void malformedKeyIs400(String key) {
            assertRefused(400, respond(with("Sec-WebSocket-Key", key)));
        }

        @Test
        void hs11RepeatedKeyIs400() {
            assertRefused(400, respond(with("Sec-WebSocket-Key", KEY, KEY)));
            assertRefused(400, respond(with("Sec-WebSocket-Key", KEY, "AAAAAAAAAAAAAAAAAAAAAA==")));
        }

        @ParameterizedTest(name = "HS-13 [{0}]")
        @ValueSource(
                strings = {"", "13, 8", "8, 13", "013", "+13", "-13", "0xD", "13.0", "256", "1000", "00", "x", "1 3"})
        void malformedVersionIs400(String version) {
            assertRefused(400, respond(with("Sec-WebSocket-Version", version)));
        }

        @Test
        void hs13AbsentOrRepeatedVersionIs400() {
            assertRefused(400, respond(with("Sec-WebSocket-Version")));
            assertRefused(400, respond(with("Sec-WebSocket-Version", "13", "13")));
            assertRefused(400, respond(with("Sec-WebSocket-Version", "13", "8")));
        }

        @ParameterizedTest(name = "HS-14 {0}")
        @ValueSource(strings = {"0", "7", "8", "12", "14", "99", "100", "255"})
        void anotherVersionIs426(String version) {
            Refused refused = assertRefused(426, respond(with("Sec-WebSocket-Version", version)));
            assertEquals(List.of("13"), refused.reply().all("Sec-WebSocket-Version"));
        }

        @Test
        void hs14KeysOfHixie76Are426() {
            Headers request = Headers.of(
                    "Host", "example.com",
                    "Upgrade", "WebSocket",
                    "Connection", "Upgrade",
                    "Sec-WebSocket-Key1", "4 @1  46546xW%0l 1 5",
                    "Sec-WebSocket-Key2", "12998 5 Y3 1  .P00");
            assertRefused(426, respond(request));
        }

        @ParameterizedTest(name = "HS-15 [{0}]")
        @ValueSource(strings = {"", "a, b", "a,b", "a b", "example.com:65536", "u@example.com", "example.com/"})
        void malformedHostIs400(String host) {
            UpgradeRequest request = UpgradeRequest.http("GET", "HTTP/1.1", host, false, VALID);
            assertRefused(400, ServerHandshake.respond(request, ServerPolicy.defaults(), Headers.of()));
        }

        @Test
        void hs15RepeatedHostIs400() {
            assertRefused(400, respond(with("Host", "example.com", "example.com")));
        }

        @ParameterizedTest(name = "HS-35 HS-36 {0}: {1}")
        @CsvSource({
            "Content-Length, 1",
            "Content-Length, 5",
            "Content-Length, +0",
            "Content-Length, -1",
            "Content-Length, 00",
            "Content-Length, '0, 0'",
            "Content-Length, ''",
            "Content-Length, 18446744073709551616",
            "Transfer-Encoding, chunked",
            "Transfer-Encoding, identity",
            "Transfer-Encoding, xchunked",
            "Transfer-Encoding, ''"
        })
        void announcedBodyIs400(String name, String value) {
            assertRefused(400, respond(with(name, value)));
        }

        @Test
        void hs35ContentLengthZeroIsNoBody() {
            assertAccepted(respond(with("Content-Length", "0")));
            assertRefused(400, respond(with("Content-Length", "0", "0")));
        }

        @Test
        void theBodyTellsTheStatusAloneAndIsFramed() {
            for (int status : new int[] {400, 403, 404, 405, 414, 417, 426, 431, 499, 500, 503, 505, 599}) {
                Refused refused = Refused.of(status, "secret reason");
                String body = new String(refused.body(), StandardCharsets.US_ASCII);
                assertEquals(status + " " + HttpStatus.text(status) + "\n", body);
                assertTrue(refused.body().length <= 512);
                assertEquals(
                        List.of(Integer.toString(refused.body().length)),
                        refused.reply().all("Content-Length"));
                assertEquals(List.of("13"), refused.reply().all("Sec-WebSocket-Version"));
                assertEquals(1, refused.reply().all("Connection").size());
                assertTrue(TokenList.contains(refused.reply().all("Connection"), "close"));
                assertFalse(refused.reply().contains("Sec-WebSocket-Accept"));
            }
        }

        @Test
        void sec23ReasonShowsThePeersTextEscapedAndCut() {
            Refused refused = assertRefused(403, respond(with("Origin", "\u009B${jndi:x}" + "a".repeat(8_000))));
            assertTrue(refused.reason().contains("\\u009b${jndi:x}"), refused.reason());
            assertTrue(refused.reason().length() <= 256, refused.reason());
        }
    }

    @Nested
    class Order {
        /** Each step spoils one more check, from the last of the table to the first; the newest must decide. */
        @Test
        void theFirstFailingCheckOfTheTableDecides() {
            Headers spoilt = Headers.builder()
                    .addAll(VALID)
                    .add("Sec-WebSocket-Extensions", ";")
                    .build();
            List<Integer> statuses = new ArrayList<>();
            record Step(String reason, String name, List<String> values) {}
            List<Step> steps = List.of(
                    new Step("Sec-WebSocket-Extensions", "X-None", List.of()),
                    new Step("Sec-WebSocket-Protocol", "Sec-WebSocket-Protocol", List.of(";")),
                    new Step("Sec-WebSocket-Key", "Sec-WebSocket-Key", List.of("x")),
                    new Step("origin", "Origin", List.of("http://evil.example")),
                    new Step("Origin fields", "Origin", List.of("http://evil.example", "http://evil.example")),
                    new Step("Sec-WebSocket-Version", "Sec-WebSocket-Version", List.of("8")),
                    new Step("Sec-WebSocket-Version", "Sec-WebSocket-Version", List.of("x")),
                    new Step("expectation", "Expect", List.of("x")),
                    new Step("Host", "Host", List.of("a", "b")),
                    new Step("Content-Length", "Content-Length", List.of("1")));
            for (Step step : steps) {
                spoilt = replace(spoilt, step.name(), step.values());
                Refused refused = assertInstanceOf(Refused.class, respond(spoilt));
                assertTrue(refused.reason().contains(step.reason()), step.reason() + ": " + refused.reason());
                statuses.add(refused.status());
            }
            statuses.add(statusOf("POST", "HTTP/1.1", spoilt));
            spoilt = replace(spoilt, "Connection", List.of("close"));
            statuses.add(statusOf("POST", "HTTP/1.1", spoilt));
            spoilt = replace(spoilt, "Upgrade", List.of("h2c"));
            statuses.add(statusOf("POST", "HTTP/1.1", spoilt));
            statuses.add(statusOf("POST", "HTTP/1.0", spoilt));
            assertEquals(List.of(400, 400, 400, 403, 400, 426, 400, 417, 400, 400, 405, 400, 426, 426), statuses);
        }

        @Test
        void reservedExtraHeaderIsReportedBeforeAnyCheck() {
            assertThrows(
                    IllegalArgumentException.class,
                    () -> ServerHandshake.respond(
                            get(Headers.of()), ServerPolicy.defaults(), Headers.of("upgrade", "h2c")));
        }

        private static int statusOf(String method, String version, Headers headers) {
            UpgradeRequest request = UpgradeRequest.http(method, version, "example.com", false, headers);
            return assertInstanceOf(
                            Refused.class, ServerHandshake.respond(request, ServerPolicy.defaults(), Headers.of()))
                    .status();
        }

        private static Headers replace(Headers headers, String name, List<String> values) {
            Headers.Builder replaced = Headers.builder();
            headers.forEach(field -> {
                if (!field.is(name)) {
                    replaced.add(field.name(), field.value());
                }
            });
            for (String value : values) {
                replaced.add(name, value);
            }
            return replaced.build();
        }
    }

    @Nested
    class Origin {
        @Test
        void sec02ForeignPageIs403() {
            assertRefused(403, respond(with("Origin", "http://evil.example")));
        }

        @Test
        void sec01And08OwnPageAndNoPageAreAccepted() {
            assertAccepted(respond(with("Origin", "http://example.com")));
            assertAccepted(respond(VALID));
        }

        @Test
        void sec04HttpPageOnTlsIs403() {
            UpgradeRequest request =
                    UpgradeRequest.http("GET", "HTTP/1.1", "example.com", true, with("Origin", "http://example.com"));
            assertRefused(403, ServerHandshake.respond(request, ServerPolicy.defaults(), Headers.of()));
        }

        @Test
        void sec09TwoOriginsAre400() {
            assertRefused(400, respond(with("Origin", "http://example.com", "http://example.com")));
        }

        @Test
        void sec07NullIs403() {
            assertRefused(403, respond(with("Origin", "null")));
        }

        @Test
        void hs16TheAuthorityOfTheTargetIsTheHostThatOriginsCompareTo() {
            UpgradeRequest request = UpgradeRequest.http(
                    "GET", "HTTP/1.1", "other.example", false, with("Origin", "http://example.com"));
            assertRefused(403, ServerHandshake.respond(request, ServerPolicy.defaults(), Headers.of()));
        }
    }

    @Nested
    class Subprotocols {
        private Optional<String> chosen(ServerPolicy policy, String... lines) {
            HandshakeOutcome outcome =
                    ServerHandshake.respond(get(with("Sec-WebSocket-Protocol", lines)), policy, Headers.of());
            Accepted accepted = assertAccepted(outcome);
            assertEquals(
                    accepted.agreement().subprotocol().stream().toList(),
                    accepted.reply().all("Sec-WebSocket-Protocol"));
            return accepted.agreement().subprotocol();
        }

        @Test
        void theClientsOrderDecides() {
            assertEquals(Optional.of("b"), chosen(speaking(false, "a", "b"), "x, b, a"));
            assertEquals(Optional.of("b"), chosen(speaking(false, "a", "b"), "x", "b", "a"));
        }

        @Test
        void hs26UnknownOnesAreLeftOut() {
            assertEquals(Optional.empty(), chosen(speaking(false, "a"), "x, y"));
            assertEquals(Optional.empty(), chosen(speaking(false), "x"));
            assertEquals(Optional.empty(), chosen(speaking(false, "a")));
        }

        @Test
        void namesCompareWithCase() {
            assertEquals(Optional.empty(), chosen(speaking(false, "Chat"), "chat"));
            assertEquals(Optional.empty(), chosen(speaking(false, "a"), ""));
            assertEquals(Optional.of("a"), chosen(speaking(false, "a"), ",, a,", ""));
            assertEquals(Optional.of("Chat"), chosen(speaking(false, "Chat"), "chat, Chat"));
        }

        @Test
        void hs26NoneInCommonIs400WhereOneIsRequired() {
            ServerPolicy policy = speaking(true, "a");
            assertRefused(400, ServerHandshake.respond(get(VALID), policy, Headers.of()));
            Headers other = with("Sec-WebSocket-Protocol", "b");
            assertRefused(400, ServerHandshake.respond(get(other), policy, Headers.of()));
            assertEquals(Optional.of("a"), chosen(policy, "a"));
        }

        @ParameterizedTest(name = "HS-25 [{0}]")
        @ValueSource(strings = {"a b", "\"a\"", "a;b", "a, a", "a,, a", "ä"})
        void malformedOfferIs400(String value) {
            assertRefused(400, respond(with("Sec-WebSocket-Protocol", value)));
        }

        @Test
        void hs25DuplicateOnAnotherLineIs400() {
            assertRefused(400, respond(with("Sec-WebSocket-Protocol", "a", "a")));
        }

        @Test
        void hs24BlanksBetweenLettersAre400() {
            assertRefused(400, respond(with("Sec-WebSocket-Protocol", "a" + " ".repeat(8_000) + "b")));
        }

        @Test
        void offeredSubprotocolsAreThoseOfAllLines() throws FieldSyntaxException {
            assertEquals(
                    List.of("a", "b", "c"),
                    ServerHandshake.offeredSubprotocols(with("Sec-WebSocket-Protocol", "a ,b", "c")));
            assertEquals(List.of(), ServerHandshake.offeredSubprotocols(VALID));
        }

        @Test
        void sec11MalformedListOfOurOwnIsRefused() {
            assertThrows(IllegalArgumentException.class, () -> speaking(false, "a\r\nX: y"));
            assertThrows(IllegalArgumentException.class, () -> speaking(false, ""));
            assertThrows(IllegalArgumentException.class, () -> speaking(false, "a", "a"));
            assertThrows(IllegalArgumentException.class, () -> speaking(true));
        }
    }

    @Nested
    class Extensions {
        @Test
        void theNegotiatorSeesEveryOfferInOrder() {
            List<List<ExtensionOffer>> seen = new ArrayList<>();
            ServerPolicy policy = new ServerPolicy(OriginPolicy.any(), List.of(), false, offers -> {
                seen.add(offers);
                return List.of();
            });
            Accepted accepted = assertAccepted(ServerHandshake.respond(
                    get(with("Sec-WebSocket-Extensions", "a; x; x=1", "b, a")), policy, Headers.of()));
            assertEquals(
                    List.of(List.of(
                            new ExtensionOffer("a", List.of(Parameter.flag("x"), Parameter.of("x", "1"))),
                            ExtensionOffer.of("b"),
                            ExtensionOffer.of("a"))),
                    seen);
            assertFalse(accepted.reply().contains("Sec-WebSocket-Extensions"));
        }

        @Test
        void whatTheNegotiatorAcceptsIsAnsweredWithItsParameters() {
            ExtensionOffer agreed = new ExtensionOffer("a", List.of(Parameter.flag("x"), Parameter.of("y", "9")));
            ServerPolicy policy = new ServerPolicy(OriginPolicy.any(), List.of(), false, _ -> List.of(agreed));
            Accepted accepted = assertAccepted(
                    ServerHandshake.respond(get(with("Sec-WebSocket-Extensions", "a")), policy, Headers.of()));
            assertEquals(List.of("a; x; y=9"), accepted.reply().all("Sec-WebSocket-Extensions"));
        }

        @Test
        void hs46ANegotiatorCannotAcceptWhatWasNotOffered() {
            ServerPolicy policy =
                    new ServerPolicy(OriginPolicy.any(), List.of(), false, _ -> List.of(ExtensionOffer.of("a")));
            assertThrows(IllegalStateException.class, () -> ServerHandshake.respond(get(VALID), policy, Headers.of()));
        }

        @Test
        void hs27UnknownExtensionsAreIgnored() {
            String names = "constructor, __proto__, hashCode, class, " + "x".repeat(200);
            Accepted accepted = assertAccepted(respond(with("Sec-WebSocket-Extensions", names)));
            assertEquals(List.of(), accepted.agreement().extensions());
        }

        @ParameterizedTest(name = "HS-28 [{0}]")
        @ValueSource(strings = {"a;", "a; b=", "a; b=\"", "a; b=\"c d\"", ",,,,;,,,,", "a, b c"})
        void brokenListIs400(String value) {
            assertRefused(400, respond(with("Sec-WebSocket-Extensions", value)));
        }

        @Test
        void hs29ThirtyThreeOffersAre400() {
            assertAccepted(respond(with("Sec-WebSocket-Extensions", "a, ".repeat(31) + "a")));
            assertRefused(400, respond(with("Sec-WebSocket-Extensions", "a, ".repeat(32) + "a")));
        }
    }

    @Nested
    class ExtraHeaders {
        @ParameterizedTest(name = "SEC-11 {0}")
        @ValueSource(
                strings = {
                    "Upgrade",
                    "CONNECTION",
                    "sec-websocket-accept",
                    "Sec-Websocket-Extensions",
                    "Sec-WebSocket-Protocol",
                    "SEC-WEBSOCKET-VERSION",
                    "Sec-WebSocket-Key",
                    "Content-length",
                    "transfer-encoding"
                })
        void reservedInAnySpellingIsRefused(String name) {
            Headers extra = Headers.of(name, "x");
            assertThrows(
                    IllegalArgumentException.class,
                    () -> ServerHandshake.respond(get(VALID), ServerPolicy.defaults(), extra));
        }
    }
}
