// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.deflate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.HandshakeException;
import dev.gibbon.Headers;
import dev.gibbon.OriginPolicy;
import dev.gibbon.PermessageDeflate;
import dev.gibbon.Role;
import dev.gibbon.deflate.DeflateAgreement.Direction;
import dev.gibbon.handshake.ExtensionList;
import dev.gibbon.handshake.ExtensionOffer;
import dev.gibbon.handshake.FieldSyntaxException;
import dev.gibbon.handshake.HandshakeOutcome;
import dev.gibbon.handshake.ServerHandshake;
import dev.gibbon.handshake.ServerPolicy;
import dev.gibbon.spi.UpgradeRequest;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Rows are in short: {@code pd}, {@code snct}, {@code cnct}, {@code smwb}, {@code cmwb} for the names of RFC 7692 §7.
 */
class DeflateNegotiationTest {
    @Nested
    class Server {
        /** Options 15 and 15: the server has no wishes of its own. */
        @ParameterizedTest(name = "[{0}] is answered with [{1}]")
        @CsvSource(
                delimiter = '|',
                nullValues = "-",
                value = {
                    "pd                                        | pd",
                    "pd; snct                                  | pd; snct",
                    "pd; cnct                                  | pd; cnct",
                    "pd; cnct; snct                            | pd; snct; cnct",
                    "pd; smwb=8                                | pd; smwb=8",
                    "pd; smwb=9                                | pd; smwb=9",
                    "pd; smwb=15                               | pd; smwb=15",
                    "pd; smwb=\"10\"                           | pd; smwb=10",
                    "pd; smwb=\"1\\0\"                         | pd; smwb=10",
                    "pd; cmwb                                  | pd",
                    "pd; cmwb=8                                | pd; cmwb=8",
                    "pd; cmwb=10                               | pd; cmwb=10",
                    "pd; cmwb=\"10\"                           | pd; cmwb=10",
                    "pd; cmwb=15                               | pd; cmwb=15",
                    "pd; snct; cnct; smwb=9; cmwb=11           | pd; snct; cnct; smwb=9; cmwb=11",
                    // The first acceptable offer wins, whatever stands before it.
                    "pd; smwb=10, pd                           | pd; smwb=10",
                    "pd, pd; smwb=10                           | pd",
                    "pd; smwb=16, pd; cnct                     | pd; cnct",
                    "pd; foo, pd; cmwb=7, pd; snct             | pd; snct",
                    "other; x=1, pd                            | pd",
                    "x-webkit-deflate-frame, pd                | pd",
                    // None to accept.
                    "other                                     | -",
                    "x-webkit-deflate-frame                    | -",
                    "constructor, hashCode, class              | -",
                    "Permessage-Deflate                        | -",
                    "permessage-bzip2                          | -"
                })
        void offerIsAnsweredInFull(String offers, String answer) throws FieldSyntaxException {
            assertEquals(answer == null ? "" : answer, answer(wide(), offers));
        }

        /** PM-16: declined, and the handshake goes on. */
        @ParameterizedTest(name = "[{0}] is declined")
        @ValueSource(
                strings = {
                    // Unknown (§7.1).
                    "pd; foo",
                    "pd; foo=1",
                    "pd; snct; foo",
                    "pd; hashCode",
                    "pd; __proto__",
                    "pd; SNCT; x",
                    // Parameters are spelled one way.
                    "pd; Server_no_context_takeover",
                    "pd; CLIENT_MAX_WINDOW_BITS",
                    // Repeated (§7.1).
                    "pd; snct; snct",
                    "pd; cnct; cnct",
                    "pd; smwb=10; smwb=10",
                    "pd; cmwb; cmwb",
                    "pd; cmwb; cmwb=10",
                    // A value where none may be (§7.1.1).
                    "pd; snct=1",
                    "pd; snct=true",
                    "pd; cnct=0",
                    "pd; cnct=\"x\"",
                    // A value missing (§7.1.2.1).
                    "pd; smwb",
                    // Out of range, or not written as §7.1.2 says.
                    "pd; smwb=0",
                    "pd; smwb=7",
                    "pd; smwb=16",
                    "pd; smwb=08",
                    "pd; smwb=010",
                    "pd; smwb=-1",
                    "pd; smwb=+9",
                    "pd; smwb=1000000000000",
                    "pd; smwb=4294967304",
                    "pd; smwb=abc",
                    "pd; smwb=9.0",
                    "pd; smwb=0x9",
                    "pd; smwb=\"09\"",
                    "pd; smwb=99999999999999999999999999",
                    "pd; cmwb=0",
                    "pd; cmwb=7",
                    "pd; cmwb=16",
                    "pd; cmwb=08",
                    "pd; cmwb=-1",
                    "pd; cmwb=1000000000000",
                    "pd; cmwb=abc",
                    "pd; cmwb=\"016\""
                })
        void malformedOfferIsDeclined(String offer) throws FieldSyntaxException {
            assertEquals("", answer(wide(), offer));
            assertEquals("pd", answer(wide(), offer + ", pd"), "the next offer is looked at");
        }

        @ParameterizedTest(name = "with {0}, {1} and {2} bits [{3}] is answered with [{4}]")
        @CsvSource(
                delimiter = '|',
                value = {
                    // Our own window needs no announcement; asked for, it is the smaller of both.
                    "-         | 12 | 15 | pd                   | pd",
                    "-         | 12 | 15 | pd; smwb=15          | pd; smwb=12",
                    "-         | 12 | 15 | pd; smwb=12          | pd; smwb=12",
                    "-         | 12 | 15 | pd; smwb=9           | pd; smwb=9",
                    // The client's: only if it said it can (§7.1.2.2).
                    "-         | 15 | 12 | pd; cmwb             | pd; cmwb=12",
                    "-         | 15 | 12 | pd; cmwb=15          | pd; cmwb=12",
                    "-         | 15 | 12 | pd; cmwb=12          | pd; cmwb=12",
                    "-         | 15 | 12 | pd; cmwb=9           | pd; cmwb=9",
                    "-         | 15 | 12 | pd; snct; cnct       | pd; snct; cnct",
                    // One that cannot say so keeps it: many of these break when told otherwise.
                    "-         | 15 | 12 | pd                   | pd",
                    "-         | 15 | 12 | pd; snct             | pd; snct",
                    "strict    | 15 | 12 | pd                   | pd; cnct",
                    "strict    | 15 | 12 | pd; snct             | pd; snct; cnct",
                    "strict    | 15 | 12 | pd; cmwb             | pd; cmwb=12",
                    "strict    | 15 | 15 | pd                   | pd",
                    // Demands of ours.
                    "snct      | 15 | 15 | pd                   | pd; snct",
                    "cnct      | 15 | 15 | pd                   | pd; cnct",
                    "snct cnct | 15 | 15 | pd; smwb=10; cmwb    | pd; snct; cnct; smwb=10",
                    "snct cnct | 12 | 12 | pd; smwb=15; cmwb    | pd; snct; cnct; smwb=12; cmwb=12",
                    "snct cnct | 8  | 8  | pd; smwb=9; cmwb=10  | pd; snct; cnct; smwb=8; cmwb=8"
                })
        void answerKeepsToTheOptions(String flags, int serverBits, int clientBits, String offers, String answer)
                throws FieldSyntaxException {
            assertEquals(answer, answer(options(flags, serverBits, clientBits), offers));
        }

        @ParameterizedTest(name = "without room [{0}] is answered with [{1}]")
        @CsvSource(
                delimiter = '|',
                value = {
                    "pd                     | ''",
                    "pd; snct; smwb=10      | ''",
                    "pd; cnct               | pd; cnct",
                    "pd; cmwb               | pd; cmwb=12",
                    "pd; cmwb=15            | pd; cmwb=12",
                    "pd, pd; cmwb=10        | pd; cmwb=10",
                    "pd, pd; snct; cnct     | pd; snct; cnct"
                })
        void withoutRoomForLargeWindowsTheOffersThatNeedOneAreDeclined(String offers, String answer)
                throws FieldSyntaxException {
            DeflateNegotiation crowded = new DeflateNegotiation(PermessageDeflate.defaults()).withoutRoom();
            assertEquals(answer, shortForm(ExtensionList.format(crowded.accept(parse(offers)))));
        }

        @Test
        void whatTheOptionsAllowEachClientNeedsNoRoom() throws FieldSyntaxException {
            DeflateNegotiation crowded = new DeflateNegotiation(options("-", 12, 15)).withoutRoom();
            assertEquals("pd", shortForm(ExtensionList.format(crowded.accept(parse("pd")))));
        }

        @Test
        void answerNeverAllowsMoreThanWasOffered() throws FieldSyntaxException {
            for (int mine = 8; mine <= 15; mine++) {
                for (int theirs = 8; theirs <= 15; theirs++) {
                    int agreed = Math.min(mine, theirs);
                    assertEquals(
                            "pd; smwb=" + agreed + "; cmwb=" + agreed,
                            answer(options("-", mine, mine), "pd; cmwb=" + theirs + "; smwb=" + theirs));
                }
            }
        }

        /** Takeover, window and history of the server's direction, takeover and window of the client's. */
        @ParameterizedTest(name = "[{0}] with {1} and {2} bits binds to {3}, {4}, {5}, {6}, {7}")
        @CsvSource(
                delimiter = '|',
                value = {
                    "pd                            | 15 | 15 | true  | 15 | 15 | true  | 15",
                    "pd                            | 12 | 15 | true  | 15 | 12 | true  | 15",
                    "pd; cmwb                      | 12 | 12 | true  | 15 | 12 | true  | 12",
                    "pd                            | 12 | 12 | true  | 15 | 12 | true  | 15",
                    "pd; snct                      | 15 | 15 | false | 15 | 15 | true  | 15",
                    "pd; cnct                      | 15 | 15 | true  | 15 | 15 | false | 15",
                    "pd; smwb=14                   | 12 | 15 | true  | 12 | 12 | true  | 15",
                    "pd; smwb=9; cmwb=10           | 15 | 15 | true  | 9  | 9  | true  | 10"
                })
        void agreementIsWhatTheAnswerSays(
                String offers,
                int mineServer,
                int mineClient,
                boolean serverTakeover,
                int window,
                int history,
                boolean clientTakeover,
                int clientWindow)
                throws FieldSyntaxException {
            DeflateNegotiation negotiation = new DeflateNegotiation(options("-", mineServer, mineClient));
            DeflateAgreement agreement =
                    negotiation.accepted(negotiation.accept(parse(offers))).orElseThrow();
            assertEquals(new Direction(serverTakeover, window, history), agreement.outgoing(Role.SERVER));
            assertEquals(new Direction(clientTakeover, clientWindow), agreement.incoming(Role.SERVER));
        }

        @Test
        void noAnswerIsNoAgreement() {
            assertEquals(
                    Optional.empty(), new DeflateNegotiation(wide()).accepted(List.of(ExtensionOffer.of("other"))));
        }
    }

    @Nested
    class Client {
        @ParameterizedTest(name = "with {0}, {1} and {2} bits: [{3}]")
        @CsvSource(
                delimiter = '|',
                value = {
                    "-         | 15 | 15 | pd; cmwb",
                    "snct      | 15 | 15 | pd; snct; cmwb",
                    "cnct      | 15 | 15 | pd; cnct; cmwb",
                    "-         | 15 | 10 | pd; cmwb=10",
                    "-         | 12 | 15 | pd; smwb=12; cmwb, pd; snct; cmwb",
                    "-         | 12 | 12 | pd; smwb=12; cmwb=12, pd; snct; cmwb=12",
                    "cnct      | 8  | 8  | pd; cnct; smwb=8; cmwb=8, pd; snct; cnct; cmwb=8"
                })
        void offersSayWhatTheOptionsWant(String flags, int serverBits, int clientBits, String offers) {
            assertEquals(offers, offers(options(flags, serverBits, clientBits)));
        }

        @ParameterizedTest(name = "with {0}, {1} and {2} bits [{3}] agrees to {4}, {5}, {6}, {7}")
        @CsvSource(
                delimiter = '|',
                value = {
                    "-    | 15 | 15 | pd                      | true  | 15 | true  | 15",
                    "-    | 15 | 15 | pd; snct                | false | 15 | true  | 15",
                    "-    | 15 | 15 | pd; cnct                | true  | 15 | false | 15",
                    "-    | 15 | 15 | pd; snct; cnct          | false | 15 | false | 15",
                    "-    | 15 | 15 | pd; smwb=8              | true  | 8  | true  | 15",
                    "-    | 15 | 15 | pd; cmwb=8              | true  | 15 | true  | 8",
                    "-    | 15 | 15 | pd; cmwb=15; smwb=15    | true  | 15 | true  | 15",
                    "-    | 15 | 15 | pd; cmwb=\"9\"          | true  | 15 | true  | 9",
                    // What we announced holds even where the reply does not repeat it.
                    "cnct | 15 | 15 | pd                      | true  | 15 | false | 15",
                    "-    | 15 | 10 | pd                      | true  | 15 | true  | 10",
                    "-    | 15 | 10 | pd; cmwb=9              | true  | 15 | true  | 9",
                    // The first offer and the second.
                    "-    | 12 | 15 | pd; smwb=12             | true  | 12 | true  | 15",
                    "-    | 12 | 15 | pd; smwb=9; cnct        | true  | 9  | false | 15",
                    "-    | 12 | 15 | pd; snct                | false | 15 | true  | 15",
                    "-    | 12 | 15 | pd; snct; smwb=15       | false | 15 | true  | 15"
                })
        void replyThatFitsAnOfferIsAgreed(
                String flags,
                int mineServer,
                int mineClient,
                String reply,
                boolean serverTakeover,
                int serverBits,
                boolean clientTakeover,
                int clientBits)
                throws HandshakeException, FieldSyntaxException {
            DeflateAgreement agreement = new DeflateNegotiation(options(flags, mineServer, mineClient))
                    .check(parse(reply))
                    .orElseThrow();
            assertEquals(new Direction(serverTakeover, serverBits), agreement.incoming(Role.CLIENT));
            assertEquals(new Direction(clientTakeover, clientBits), agreement.outgoing(Role.CLIENT));
        }

        /** HC-11, HC-18, HC-19. */
        @ParameterizedTest(name = "with {0}, {1} and {2} bits [{3}] is refused for {4}")
        @CsvSource(
                delimiter = '|',
                value = {
                    "-    | 15 | 15 | pd; foo                 | foo",
                    "-    | 15 | 15 | pd; foo=1               | foo",
                    "-    | 15 | 15 | pd; snct; snct          | snct",
                    "-    | 15 | 15 | pd; cnct; cnct          | cnct",
                    "-    | 15 | 15 | pd; smwb=9; smwb=9      | smwb",
                    "-    | 15 | 15 | pd; snct=1              | snct",
                    "-    | 15 | 15 | pd; cnct=\"true\"       | cnct",
                    "-    | 15 | 15 | pd; smwb                | smwb",
                    "-    | 15 | 15 | pd; cmwb                | cmwb",
                    "-    | 15 | 15 | pd; smwb=7              | smwb",
                    "-    | 15 | 15 | pd; smwb=16             | smwb",
                    "-    | 15 | 15 | pd; smwb=0              | smwb",
                    "-    | 15 | 15 | pd; smwb=-1             | smwb",
                    "-    | 15 | 15 | pd; smwb=1000000000000  | smwb",
                    "-    | 15 | 15 | pd; smwb=abc            | smwb",
                    "-    | 15 | 15 | pd; smwb=\"08\"         | smwb",
                    "-    | 15 | 15 | pd; cmwb=16             | cmwb",
                    "-    | 15 | 15 | pd; cmwb=7              | cmwb",
                    "-    | 15 | 10 | pd; cmwb=11             | cmwb",
                    "snct | 15 | 15 | pd                      | snct",
                    "snct | 15 | 15 | pd; cnct                | snct",
                    "-    | 12 | 15 | pd                      | smwb",
                    "-    | 12 | 15 | pd; smwb=13             | smwb",
                    "-    | 12 | 10 | pd; snct; cmwb=11       | smwb"
                })
        void replyThatFitsNoOfferIsRefusedByParameter(
                String flags, int mineServer, int mineClient, String reply, String named) throws FieldSyntaxException {
            DeflateNegotiation negotiation = new DeflateNegotiation(options(flags, mineServer, mineClient));
            List<ExtensionOffer> extensions = parse(reply);
            HandshakeException refusal = assertThrows(HandshakeException.class, () -> negotiation.check(extensions));
            assertEquals(101, refusal.status());
            assertTrue(refusal.getMessage().contains(longForm(named)), refusal.getMessage());
            assertTrue(refusal.getMessage().contains("RFC 7692 §7.1"), refusal.getMessage());
        }

        @Test
        void unlessToldOtherwiseWeAskForLittleAndKeepToTheUsualWindow()
                throws HandshakeException, FieldSyntaxException {
            assertEquals("pd; cmwb", offers(PermessageDeflate.defaults()));
            DeflateNegotiation negotiation = new DeflateNegotiation(PermessageDeflate.defaults());
            for (String reply : List.of("pd", "pd; cmwb=15", "pd; smwb=15")) {
                assertEquals(
                        new DeflateAgreement(new Direction(true, 15), new Direction(true, 15, 12)),
                        negotiation.check(parse(reply)).orElseThrow());
            }
            assertEquals("pd; cmwb=12", answer(PermessageDeflate.defaults(), "pd; cmwb"));
            assertEquals("pd", answer(PermessageDeflate.defaults(), "pd"));
        }

        @Test
        void declinedExtensionIsNoAgreement() throws HandshakeException {
            assertEquals(Optional.empty(), new DeflateNegotiation(wide()).check(List.of()));
        }

        @Test
        void everyAnswerOfOursFitsTheOffersOfOurs() throws HandshakeException {
            for (String clientFlags : List.of("-", "snct", "cnct", "snct cnct")) {
                for (String serverFlags : List.of("-", "snct", "cnct", "snct cnct")) {
                    for (int bits = 0; bits < 8 * 8 * 8; bits++) {
                        DeflateNegotiation client =
                                new DeflateNegotiation(options(clientFlags, 8 + bits % 8, 8 + bits / 8 % 8));
                        DeflateNegotiation server =
                                new DeflateNegotiation(options(serverFlags, 8 + bits / 64, 15 - bits % 8));
                        List<ExtensionOffer> answer = server.accept(client.offers());
                        DeflateAgreement ofClient = client.check(answer).orElseThrow();
                        DeflateAgreement ofServer = server.accepted(answer).orElseThrow();
                        assertSound(ofServer.server(), ofClient.server());
                        assertSound(ofClient.client(), ofServer.client());
                    }
                }
            }
        }

        /** What the sender does is within what the receiver is ready for. */
        private static void assertSound(Direction sender, Direction receiver) {
            assertTrue(!sender.contextTakeover() || receiver.contextTakeover(), sender + " " + receiver);
            assertTrue(
                    !sender.contextTakeover() || sender.windowBits() <= receiver.windowBits(), sender + " " + receiver);
        }
    }

    @Nested
    class InTheHandshake {
        @ParameterizedTest(name = "[{0}] gets a 101 with [{1}]")
        @CsvSource(
                delimiter = '|',
                value = {
                    "pd; cmwb                    | [pd; cmwb=12]",
                    "pd; smwb=99, pd; smwb=10    | [pd; smwb=10]",
                    "pd; smwb=99                 | []",
                    "other                       | []"
                })
        void everyOfferGetsA101(String offers, String answer) {
            Headers request = Headers.of(
                    "Host", "example.com",
                    "Upgrade", "websocket",
                    "Connection", "Upgrade",
                    "Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==",
                    "Sec-WebSocket-Version", "13",
                    "Sec-WebSocket-Extensions", longForm(offers));
            HandshakeOutcome outcome = ServerHandshake.respond(
                    UpgradeRequest.http("GET", "HTTP/1.1", "example.com", false, request),
                    new ServerPolicy(
                            OriginPolicy.sameOrigin(),
                            List.of(),
                            false,
                            new DeflateNegotiation(PermessageDeflate.defaults())),
                    Headers.of());
            HandshakeOutcome.Accepted accepted = assertInstanceOf(HandshakeOutcome.Accepted.class, outcome);
            assertEquals(
                    answer,
                    shortForm(accepted.reply().all("Sec-WebSocket-Extensions").toString()));
        }
    }

    private static PermessageDeflate wide() {
        return options("-", 15, 15);
    }

    private static PermessageDeflate options(String flags, int serverBits, int clientBits) {
        return PermessageDeflate.builder()
                .serverNoContextTakeover(flags.contains("snct"))
                .clientNoContextTakeover(flags.contains("cnct"))
                .strictClientWindow(flags.contains("strict"))
                .serverMaxWindowBits(serverBits)
                .clientMaxWindowBits(clientBits)
                .build();
    }

    private static String answer(PermessageDeflate options, String offers) throws FieldSyntaxException {
        return shortForm(ExtensionList.format(new DeflateNegotiation(options).accept(parse(offers))));
    }

    private static String offers(PermessageDeflate options) {
        return shortForm(ExtensionList.format(new DeflateNegotiation(options).offers()));
    }

    private static List<ExtensionOffer> parse(String list) throws FieldSyntaxException {
        return ExtensionList.parse(List.of(longForm(list)));
    }

    private static String longForm(String text) {
        return text.replaceAll("\\bpd\\b", "permessage-deflate")
                .replace("snct", "server_no_context_takeover")
                .replace("cnct", "client_no_context_takeover")
                .replace("smwb", "server_max_window_bits")
                .replace("cmwb", "client_max_window_bits");
    }

    private static String shortForm(String text) {
        return text.replace("permessage-deflate", "pd")
                .replace("server_no_context_takeover", "snct")
                .replace("client_no_context_takeover", "cnct")
                .replace("server_max_window_bits", "smwb")
                .replace("client_max_window_bits", "cmwb");
    }
}
