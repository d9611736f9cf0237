// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.client;

import static dev.gibbon.client.ProxyScript.latin;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.Headers;
import dev.gibbon.ProxyAddress;
import dev.gibbon.http.HeadLimits;
import dev.gibbon.testkit.MemoryTransport;
import dev.gibbon.testkit.Splitter;
import dev.gibbon.testkit.TransportPair;
import java.io.IOException;
import java.nio.channels.AsynchronousCloseException;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLException;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class HttpConnectTunnelTest {
    private static final ProxyAddress PROXY = ProxyAddress.parse("http://proxy.example:3128");
    private static final String OPENED = "HTTP/1.1 200 Connection established\r\n\r\n";
    private static final List<Splitter> FEEDS = Splitter.feeds(25);

    private static ProxyTunnel tunnel(ProxyAddress proxy) {
        return ProxyTunnel.of(proxy, HeadLimits.DEFAULT, 64 * 1024, host -> {
            throw new AssertionError("looked up " + host);
        });
    }

    private static String open(ProxyScript script) throws IOException {
        return latin(tunnel(PROXY).open(script.transport(), "target.example", 443));
    }

    private static String requestOf(ProxyAddress proxy, String host, int port) throws IOException {
        ProxyScript script = ProxyScript.staying(Splitter.whole(), latin(OPENED));
        assertEquals("", latin(tunnel(proxy).open(script.transport(), host, port)));
        return latin(script.sent());
    }

    /** {@return the failure, the same for every feed} */
    private static <T extends IOException> T failure(Class<T> type, String replies) throws IOException {
        T failure = null;
        for (Splitter feed : FEEDS) {
            ProxyScript script = ProxyScript.leaving(feed, latin(replies));
            T next = assertThrows(type, () -> open(script), feed.toString());
            assertTrue(failure == null || next.getMessage().equals(failure.getMessage()), feed + ": " + next);
            assertTrue(script.transport().isOpen(), "the caller closes");
            failure = next;
        }
        assertTrue(
                failure.getMessage().chars().allMatch(c -> (c >= 0x20 && c < 0x7F) || c == '§'), failure::getMessage);
        return failure;
    }

    @Nested
    class Request {
        @ParameterizedTest
        @CsvSource({
            "target.example, 443, target.example:443",
            "Target.Example., 80, target.example:80",
            "192.0.2.7, 8080, 192.0.2.7:8080",
            "2001:db8::1, 443, [2001:db8:0:0:0:0:0:1]:443",
            "[2001:db8::1], 443, [2001:db8:0:0:0:0:0:1]:443",
            "[::ffff:192.0.2.7], 443, 192.0.2.7:443",
            "my_host, 1, my_host:1",
        })
        void targetAndHostAreTheAuthorityWithItsPort(String host, int port, String authority) throws IOException {
            assertEquals(
                    "CONNECT " + authority + " HTTP/1.1\r\nHost: " + authority + "\r\n\r\n",
                    requestOf(PROXY, host, port));
        }

        @Test
        void credentialsAreBasicInUtf8() throws IOException {
            assertEquals(
                    "CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\nProxy-Authorization: Basic dGVzdDoxMjPCow==\r\n\r\n",
                    // the example of RFC 7617 §2.1
                    requestOf(PROXY.withCredentials("test", "123£"), "a", 1));
        }

        @Test
        void headersOfTheCallerFollow() throws IOException {
            ProxyAddress proxy = PROXY.withHeaders(Headers.of("User-Agent", "x", "Proxy-Authorization", "Bearer t"));
            assertEquals(
                    "CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\nUser-Agent: x\r\nProxy-Authorization: Bearer t\r\n\r\n",
                    requestOf(proxy, "a", 1));
        }

        @ParameterizedTest
        @CsvSource({"'a b',1", "'a\r\nX: y',1", "'',1", "a:80,1", "[::1%eth0],1", "bücher,1", "a@b,1", "a,0", "a,65536"
        })
        void sec12MalformedTargetIsRefusedBeforeAByteIsSent(String host, int port) throws IOException {
            ProxyScript script = ProxyScript.staying(Splitter.whole(), new byte[0]);
            assertThrows(IllegalArgumentException.class, () -> tunnel(PROXY).open(script.transport(), host, port));
            assertEquals(0, script.sent().length);
        }
    }

    @Nested
    class Opening {
        @ParameterizedTest
        @ValueSource(
                strings = {
                    "HTTP/1.1 200 OK\r\n\r\n",
                    "HTTP/1.0 200 Connection established\r\nProxy-agent: x\r\n\r\n",
                    "HTTP/1.1 200\r\n\r\n",
                    "HTTP/1.1 200 \r\n\r\n",
                    "HTTP/1.1 204 No Content\r\n\r\n",
                    "HTTP/1.1 299 ?\r\n\r\n",
                    "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
                })
        void any2xxOpensAndBytesBehindItAreKept(String reply) throws IOException {
            for (Splitter feed : FEEDS) {
                for (String behind : List.of("", "\u0000\u00ffHTTP/1.1 101")) {
                    ProxyScript script = ProxyScript.staying(feed, latin(reply + behind));
                    String kept = open(script);
                    // What was not read with the head is still on the transport.
                    assertEquals(behind.length(), kept.length() + script.unread(), feed.toString());
                    assertTrue(behind.startsWith(kept), feed.toString());
                }
            }
        }

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "Content-Length: 5",
                    "Content-Length: x",
                    "Transfer-Encoding: chunked",
                    "Content-Length: 1\r\nContent-Length: 2"
                })
        void hc25BodyOf200IsIgnoredAndItsBytesAreTheTunnels(String field) throws IOException {
            ProxyScript script =
                    ProxyScript.staying(Splitter.whole(), latin("HTTP/1.1 200 OK\r\n" + field + "\r\n\r\nhello"));
            assertEquals("hello", open(script));
        }

        @Test
        void eightInterimRepliesAreSkippedAndNoNinth() throws IOException {
            String interim = "HTTP/1.1 102 Processing\r\n\r\n";
            assertEquals("", open(ProxyScript.staying(Splitter.whole(), latin(interim.repeat(8) + OPENED))));
            assertEquals(
                    "proxy sent more than 8 interim replies (RFC 9110 §15.2)",
                    failure(ProxyException.class, interim.repeat(9) + OPENED).getMessage());
        }

        @Test
        void bytesBehindTheReplyThatPassTheReadBufferStayOnTheTransport() throws IOException {
            ProxyScript script = ProxyScript.staying(Splitter.whole(), latin(OPENED + "x".repeat(100_000)));
            String kept = open(script);
            assertEquals(100_000, kept.length() + script.unread());
            assertFalse(kept.isEmpty());
        }
    }

    @Nested
    class Refusal {
        @Test
        void hc25ProxyAuthenticationRequiredTellsStatusChallengesAndBody() throws IOException {
            ConnectRefusedException refused = failure(
                    ConnectRefusedException.class,
                    "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"p\"\r\n"
                            + "Proxy-Authenticate: Negotiate\r\nContent-Length: 2\r\n\r\nno, more");
            assertEquals(ConnectRefusedException.PROXY_AUTHENTICATION_REQUIRED, refused.status());
            assertEquals(
                    List.of("Basic realm=\"p\"", "Negotiate"), refused.headers().all("Proxy-Authenticate"));
            assertEquals("no", latin(refused.body()));
        }

        @ParameterizedTest
        @ValueSource(ints = {101, 300, 304, 400, 403, 407, 502, 599})
        void everyOtherFinalStatusIsARefusal(int status) throws IOException {
            ConnectRefusedException refused = failure(ConnectRefusedException.class, "HTTP/1.1 " + status + "\r\n\r\n");
            assertEquals(status, refused.status());
            assertEquals("proxy answered CONNECT with " + status + " \"\" (RFC 9110 §9.3.6)", refused.getMessage());
        }

        @Test
        void reasonPhraseIsEscapedAndCut() throws IOException {
            String message = failure(
                            ConnectRefusedException.class, "HTTP/1.1 403 \u00e9\t" + "x".repeat(500) + "\r\n\r\n")
                    .getMessage();
            assertTrue(message.contains("403 \"\\u00e9\\u0009xxx"), message);
            assertTrue(message.length() < 150, message);
        }

        @Test
        void credentialsAreNotInTheMessage() throws IOException {
            ProxyScript script = ProxyScript.leaving(Splitter.whole(), latin("HTTP/1.1 407 x\r\n\r\n"));
            ProxyTunnel tunnel = tunnel(PROXY.withCredentials("alice", "secret"));
            IOException failure = assertThrows(IOException.class, () -> tunnel.open(script.transport(), "a", 1));
            assertFalse(failure.toString().contains("alice"));
            assertFalse(failure.toString().contains("secret"));
            assertFalse(failure.toString().contains("YWxpY2U6c2VjcmV0"));
        }
    }

    @Nested
    class BrokenReplies {
        @ParameterizedTest
        @CsvSource(
                delimiter = '|',
                value = {
                    "''|proxy ended the stream without a reply to CONNECT",
                    "'HTTP/1.1 200 O'|proxy ended the stream within its reply to CONNECT",
                    "'HTTP/1.1 200 OK\r\nA: b\r\n'|proxy ended the stream within its reply to CONNECT",
                    "'HTTP/1.1 100 Continue\r\n\r\n'|proxy ended the stream without a reply to CONNECT",
                })
        void streamThatEndsBeforeTheReplyIsAFailure(String reply, String message) throws IOException {
            assertEquals(message, failure(ProxyException.class, reply).getMessage());
        }

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "\u0005\u0000",
                    "ICY 200 OK\r\n\r\n",
                    "HTTP/2 200 OK\r\n\r\n",
                    "HTTP/1.1 060 x\r\n\r\n",
                    "HTTP/1.1 200 OK\n\n",
                    "HTTP/1.1 200 OK\r\n folded: x\r\n\r\n",
                    "HTTP/1.1 200 OK\r\nA : b\r\n\r\n",
                })
        void malformedReplyIsAFailure(String reply) throws IOException {
            ProxyException failure = failure(ProxyException.class, reply);
            assertFalse(failure instanceof ConnectRefusedException);
            assertTrue(failure.getMessage().startsWith("malformed reply of the proxy: "), failure.getMessage());
        }

        @ParameterizedTest
        @ValueSource(strings = {"A: b\r\n", "x", "X: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n"})
        void hc25HeaderBombStopsAtTheLimit(String piece) throws IOException {
            String bomb = "HTTP/1.1 200 OK\r\n" + piece.repeat(100_000 / piece.length());
            ProxyScript script = ProxyScript.staying(Splitter.atMost(1000), latin(bomb));
            ProxyException failure = assertThrows(ProxyException.class, () -> open(script));
            assertTrue(failure.getMessage().startsWith("malformed reply of the proxy: "), failure.getMessage());
            assertTrue(script.unread() >= bomb.length() - 16 * 1024 - 4 * 1024, "read on after the limit");
        }

        @Test
        void hc25SilentProxyIsEndedByClosingTheTransport() throws Exception {
            try (TransportPair pair = TransportPair.create()) {
                MemoryTransport transport = pair.client();
                FutureTask<?> opening = new FutureTask<>(() -> tunnel(PROXY).open(transport, "a", 1));
                Thread.startVirtualThread(opening);
                transport.awaitBlockedReader();
                transport.close();
                ExecutionException failure =
                        assertThrows(ExecutionException.class, () -> opening.get(60, TimeUnit.SECONDS));
                assertInstanceOf(AsynchronousCloseException.class, failure.getCause());
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"none", "length", "chunks"})
    void hc20EndlessBodyStopsAt64KiB(String framing) throws IOException {
        String field = switch (framing) {
            case "none" -> "";
            case "length" -> "Content-Length: 999999999999\r\n";
            default -> "Transfer-Encoding: chunked\r\n";
        };
        String body =
                framing.equals("chunks") ? ("64\r\n" + "x".repeat(100) + "\r\n").repeat(1000) : "x".repeat(100_000);
        ProxyScript script =
                ProxyScript.staying(Splitter.whole(), latin("HTTP/1.1 403 no\r\n" + field + "\r\n" + body));
        ConnectRefusedException refused = assertThrows(ConnectRefusedException.class, () -> open(script));
        assertEquals("x".repeat(64 * 1024), latin(refused.body()));
        assertTrue(script.unread() > 30_000, "read on after the limit");
    }

    @Test
    void bodyIsWhatCameBeforeTheStreamEndedOrBroke() throws IOException {
        String reply = "HTTP/1.1 403 no\r\nContent-Encoding: gzip\r\nContent-Length: 9\r\n\r\n\u001f\u008babc";
        assertEquals(
                "\u001f\u008babc",
                latin(failure(ConnectRefusedException.class, reply).body()));
    }

    @Test
    void tlsOfTheProxyIsNamed() throws IOException {
        ProxyScript script = ProxyScript.leaving(Splitter.whole(), new byte[] {21, 3, 3, 0, 2, 2, 40});
        SSLException failure = assertThrows(SSLException.class, () -> open(script));
        assertEquals("the proxy speaks TLS on this port; try https://", failure.getMessage());
    }
}
