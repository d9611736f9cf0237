// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.ProxyAddress;
import dev.gibbon.http.HeadLimits;
import dev.gibbon.testkit.MemoryTransport;
import dev.gibbon.testkit.Splitter;
import dev.gibbon.testkit.TransportPair;
import java.io.IOException;
import java.net.Inet4Address;
import java.net.UnknownHostException;
import java.nio.channels.AsynchronousCloseException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class Socks5TunnelTest {
    private static final ProxyAddress REMOTE = ProxyAddress.parse("socks5h://proxy.example");
    private static final ProxyAddress LOCAL = ProxyAddress.parse("socks5://proxy.example");
    private static final ProxyAddress KNOWN = REMOTE.withCredentials("us", "pwd");

    private static final String NO_AUTHENTICATION = "0500";
    private static final String PASSWORD_ACCEPTED = "0502 0100";
    private static final String OPENED = "05000001 7f000001 1234";

    private static byte[] hex(String spaced) {
        return HexFormat.of().parseHex(spaced.replace(" ", ""));
    }

    private static ProxyTunnel tunnel(ProxyAddress proxy) {
        return ProxyTunnel.of(proxy, HeadLimits.DEFAULT, 64 * 1024, host -> {
            throw new AssertionError("looked up " + host);
        });
    }

    /**
     * Opens a tunnel through a proxy that has more to say, and asserts what was sent and that nothing more was read.
     */
    private static void assertOpens(String sent, ProxyTunnel tunnel, String host, int port, String replies)
            throws IOException {
        for (Splitter feed : Splitter.feeds(5)) {
            ProxyScript script = ProxyScript.staying(feed, hex(replies + "818283"));
            assertEquals(0, tunnel.open(script.transport(), host, port).remaining(), feed.toString());
            assertEquals(3, script.unread(), feed.toString());
            assertEquals(sent.replace(" ", ""), HexFormat.of().formatHex(script.sent()), feed.toString());
        }
    }

    private static void assertFails(String message, ProxyAddress proxy, String replies) throws IOException {
        for (Splitter feed : Splitter.feeds(6)) {
            ProxyScript script = ProxyScript.leaving(feed, hex(replies));
            ProxyException failure = assertThrows(
                    ProxyException.class, () -> tunnel(proxy).open(script.transport(), "a", 80), feed.toString());
            assertEquals(message, failure.getMessage(), feed.toString());
            assertTrue(script.transport().isOpen(), "the caller closes");
        }
    }

    @Nested
    class Target {
        @Test
        void nameGoesToTheProxyAsAName() throws IOException {
            String request = "05010003 01 61 0050";
            assertOpens("050100" + request, tunnel(REMOTE), "a", 80, NO_AUTHENTICATION + OPENED);
            assertOpens("050100" + request, tunnel(REMOTE), "A.", 80, NO_AUTHENTICATION + OPENED);
        }

        @ParameterizedTest
        @CsvSource({
            "192.0.2.7, 05010001 c0000207 01bb",
            "2001:db8::1, 05010004 20010db8000000000000000000000001 01bb",
            "[2001:db8::1], 05010004 20010db8000000000000000000000001 01bb",
            "::ffff:192.0.2.7, 05010001 c0000207 01bb",
        })
        void addressGoesAsAnAddressWithoutLookUp(String host, String request) throws IOException {
            assertOpens("050100" + request, tunnel(REMOTE), host, 443, NO_AUTHENTICATION + OPENED);
            assertOpens("050100" + request, tunnel(LOCAL), host, 443, NO_AUTHENTICATION + OPENED);
        }

        @Test
        void socks5WithoutHLooksTheNameUpHere() throws IOException {
            ProxyTunnel tunnel = ProxyTunnel.of(LOCAL, HeadLimits.DEFAULT, 64 * 1024, host -> {
                assertEquals("target.example", host);
                return Inet4Address.ofLiteral("192.0.2.9");
            });
            assertOpens("050100 05010001 c0000209 ffff", tunnel, "target.example", 65_535, NO_AUTHENTICATION + OPENED);
        }

        @Test
        void failedLookUpSendsNothing() throws IOException {
            ProxyTunnel tunnel = ProxyTunnel.of(LOCAL, HeadLimits.DEFAULT, 64 * 1024, host -> {
                throw new UnknownHostException(host);
            });
            ProxyScript script = ProxyScript.staying(Splitter.whole(), new byte[0]);
            assertThrows(UnknownHostException.class, () -> tunnel.open(script.transport(), "a", 80));
            assertEquals(0, script.sent().length);
        }

        @Test
        void longestNameFitsItsLengthByte() throws IOException {
            String name = "a".repeat(63) + ("." + "b".repeat(63)).repeat(3); // 255 characters
            String sent = "050100 05010003 ff" + HexFormat.of().formatHex(ProxyScript.latin(name)) + "0050";
            assertOpens(sent, tunnel(REMOTE), name, 80, NO_AUTHENTICATION + OPENED);
        }

        @ParameterizedTest
        @CsvSource({"'',1", "'a b',1", "a:80,1", "[::1%1],1", "bücher,1", "a,0", "a,65536", "a,-1"})
        void sec12MalformedTargetIsRefusedBeforeAByteIsSent(String host, int port) throws IOException {
            ProxyScript script = ProxyScript.staying(Splitter.whole(), new byte[0]);
            assertThrows(IllegalArgumentException.class, () -> tunnel(REMOTE).open(script.transport(), host, port));
            assertEquals(0, script.sent().length);
        }
    }

    @Nested
    class Authentication {
        private static final String ASKED = "05020002";
        private static final String REQUEST = "05010003 01 61 0050";

        @Test
        void userNameAndPasswordAreSentWhenTheProxyAsks() throws IOException {
            assertOpens(ASKED + "01 02 7573 03 707764" + REQUEST, tunnel(KNOWN), "a", 80, PASSWORD_ACCEPTED + OPENED);
        }

        @Test
        void userNameAndPasswordStayHereWhenTheProxyDoesNotAsk() throws IOException {
            assertOpens(ASKED + REQUEST, tunnel(KNOWN), "a", 80, NO_AUTHENTICATION + OPENED);
        }

        @Test
        void theyAreUtf8() throws IOException {
            ProxyTunnel tunnel = tunnel(REMOTE.withCredentials("é", "£"));
            assertOpens(ASKED + "01 02 c3a9 02 c2a3" + REQUEST, tunnel, "a", 80, PASSWORD_ACCEPTED + OPENED);
        }

        @Test
        void refusalOfBothSaysSo() throws IOException {
            assertFails("SOCKS5 proxy refused user name and password (RFC 1929 §2)", KNOWN, "0502 0101");
            assertFails("SOCKS5 proxy refused user name and password (RFC 1929 §2)", KNOWN, "0502 01ff");
        }

        @Test
        void noCommonMethodSaysSo() throws IOException {
            assertFails("SOCKS5 proxy wants authentication and there are no credentials (RFC 1928 §3)", REMOTE, "05ff");
            assertFails(
                    "SOCKS5 proxy accepts neither no authentication nor user name and password (RFC 1928 §3)",
                    KNOWN,
                    "05ff");
        }

        @Test
        void methodThatWasNotOfferedFails() throws IOException {
            assertFails(
                    "SOCKS5 proxy sent 0x02, not 0x00, as method that was not offered (RFC 1928 §3)", REMOTE, "0502");
            assertFails(
                    "SOCKS5 proxy sent 0x01, not 0x00, as method that was not offered (RFC 1928 §3)", KNOWN, "0501");
        }
    }

    @Nested
    class Replies {
        @ParameterizedTest
        @ValueSource(
                strings = {
                    "05000001 00000000 0000",
                    "05000004 00000000000000000000000000000000 0000",
                    "05000003 00 0000",
                    "05000003 03 616263 0050",
                })
        void boundAddressOfEveryTypeIsTakenToTheByte(String reply) throws IOException {
            assertOpens("050100 05010003 01 61 0050", tunnel(REMOTE), "a", 80, NO_AUTHENTICATION + reply);
        }

        @Test
        void longestBoundNameIsTakenToTheByte() throws IOException {
            String reply = "05000003 ff" + "61".repeat(255) + "0050";
            assertOpens("050100 05010003 01 61 0050", tunnel(REMOTE), "a", 80, NO_AUTHENTICATION + reply);
        }

        @ParameterizedTest
        @CsvSource({
            "01, general failure",
            "02, connection not allowed by its rules",
            "03, network unreachable",
            "04, host unreachable",
            "05, connection refused by the target",
            "06, time to live expired",
            "07, CONNECT not supported",
            "08, address type not supported",
            "09, unassigned reply 0x09",
            "ff, unassigned reply 0xff",
        })
        void refusalIsNamedEvenIfTheProxyLeavesBehindTheCode(String code, String meaning) throws IOException {
            String message = "SOCKS5 proxy refused: " + meaning + " (RFC 1928 §6)";
            assertFails(message, REMOTE, NO_AUTHENTICATION + "05" + code);
            assertFails(message, REMOTE, NO_AUTHENTICATION + "05" + code + "0001000000000000");
        }

        @ParameterizedTest
        @CsvSource({
            "48545450, 'SOCKS5 proxy sent 0x48, not 0x05, as version in the method selection (RFC 1928 §3)'",
            "0400, 'SOCKS5 proxy sent 0x04, not 0x05, as version in the method selection (RFC 1928 §3)'",
            "0500 0400, 'SOCKS5 proxy sent 0x04, not 0x05, as version in the reply (RFC 1928 §6)'",
            "0500 05000101, 'SOCKS5 proxy sent 0x01, not 0x00, as reserved byte in the reply (RFC 1928 §6)'",
            "0500 05000002, SOCKS5 proxy sent 0x02 as address type (RFC 1928 §5)",
            "0500 05000000, SOCKS5 proxy sent 0x00 as address type (RFC 1928 §5)",
        })
        void everyByteIsChecked(String replies, String message) throws IOException {
            assertFails(message, REMOTE, replies);
        }

        @Test
        void versionOfTheSubnegotiationIsChecked() throws IOException {
            assertFails(
                    "SOCKS5 proxy sent 0x05, not 0x01, as version in the authentication status (RFC 1929 §2)",
                    KNOWN,
                    "0502 0500");
        }

        @Test
        void streamThatEndsAnywhereIsAFailureThatTellsWhere() throws IOException {
            byte[] all = hex(PASSWORD_ACCEPTED + "05000003 03 616263 0050");
            for (int length = 0; length < all.length; length++) {
                ProxyScript script = ProxyScript.leaving(Splitter.whole(), Arrays.copyOf(all, length));
                ProxyException failure = assertThrows(
                        ProxyException.class, () -> tunnel(KNOWN).open(script.transport(), "a", 80), "" + length);
                assertTrue(failure.getMessage().startsWith("proxy ended the stream after "), failure.getMessage());
            }
            assertFails(
                    "proxy ended the stream after 1 of 2 bytes of SOCKS5 method selection (RFC 1928 §3)", REMOTE, "05");
        }

        @Test
        void silentProxyIsEndedByClosingTheTransport() throws Exception {
            try (TransportPair pair = TransportPair.create()) {
                MemoryTransport transport = pair.client();
                FutureTask<?> opening = new FutureTask<>(() -> tunnel(REMOTE).open(transport, "a", 1));
                Thread.startVirtualThread(opening);
                transport.awaitBlockedReader();
                transport.close();
                ExecutionException failure =
                        assertThrows(ExecutionException.class, () -> opening.get(60, TimeUnit.SECONDS));
                assertInstanceOf(AsynchronousCloseException.class, failure.getCause());
            }
        }

        @Test
        void messagesNeverTellCredentials() throws IOException {
            ProxyScript script = ProxyScript.leaving(Splitter.whole(), hex("0502 0101"));
            ProxyTunnel tunnel = tunnel(REMOTE.withCredentials("alice", "secret"));
            ProxyException failure = assertThrows(ProxyException.class, () -> tunnel.open(script.transport(), "a", 1));
            assertFalse(failure.toString().contains("alice"));
            assertFalse(failure.toString().contains("secret"));
        }
    }
}
