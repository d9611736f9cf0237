// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.Headers;
import dev.gibbon.support.IpRange;
import java.net.InetAddress;
import java.util.Random;
import java.util.function.Predicate;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What proxies say about a request: whom of them to believe, and what no proxy says. */
class ForwardedTest {
    private static final IpRange TRUSTED = IpRange.parse("10.0.0.0/8");
    private static final Predicate<InetAddress> TRUST = TRUSTED::contains;

    private static Forwarded read(String... namesAndValues) throws HttpHeadException {
        return Forwarded.of(Headers.of(namesAndValues), true, true, TRUST);
    }

    private static String shown(Forwarded said) {
        return said.client() + " " + said.scheme() + " " + said.host();
    }

    private static HttpHeadException refused(String... namesAndValues) {
        HttpHeadException e = assertThrows(HttpHeadException.class, () -> read(namesAndValues));
        assertEquals(400, e.status());
        return e;
    }

    @Test
    void nothingIsSaidWithoutFields() throws Exception {
        assertEquals("null  ", shown(read("Host", "example.org")));
        Headers both = Headers.of("Forwarded", "for=192.0.2.1", "X-Forwarded-For", "192.0.2.2");
        assertEquals("null  ", shown(Forwarded.of(both, false, false, TRUST)));
        assertEquals("/192.0.2.1:0  ", shown(Forwarded.of(both, true, false, TRUST)));
        assertEquals("/192.0.2.2:0  ", shown(Forwarded.of(both, false, true, TRUST)));
    }

    @ParameterizedTest
    @ValueSource(strings = {"X-Forwarded-For", "X-Forwarded-Proto", "x-forwarded-host"})
    void bothKindsAreRefused(String name) {
        HttpHeadException e = refused("Forwarded", "for=192.0.2.1", name, "x");
        assertTrue(String.valueOf(e.getMessage()).contains("one kind can count"), e.getMessage());
    }

    @Nested
    class Lists {
        @ParameterizedTest
        @CsvSource(
                delimiter = '|',
                value = {
                    "192.0.2.1 | /192.0.2.1:0",
                    "192.0.2.1:12345 | /192.0.2.1:12345",
                    "2001:db8::1 | /[2001:db8:0:0:0:0:0:1]:0",
                    "[2001:db8::1] | /[2001:db8:0:0:0:0:0:1]:0",
                    "[2001:db8::1]:65535 | /[2001:db8:0:0:0:0:0:1]:65535",
                    "evil, 192.0.2.1 | /192.0.2.1:0",
                    "10.0.0.9, 192.0.2.1, 10.0.0.2 | /192.0.2.1:0",
                    "192.0.2.9, 192.0.2.1, 10.0.0.2, 10.0.0.3 | /192.0.2.1:0",
                    "10.0.0.1, 10.0.0.2 | /10.0.0.1:0",
                    ", 192.0.2.1 , , | /192.0.2.1:0",
                    "192.0.2.1, unknown | null",
                    "192.0.2.1, _hidden, 10.0.0.2 | /10.0.0.2:0",
                    "' ' | null",
                    "192.0.2.1:_x | /192.0.2.1:0"
                })
        void theClientIsTheRightmostThatIsNoTrustedProxy(String field, String client) throws Exception {
            assertEquals(client, String.valueOf(read("X-Forwarded-For", field).client()));
        }

        @Test
        void linesAreOneList() throws Exception {
            Forwarded said = read("X-Forwarded-For", "192.0.2.9, 192.0.2.1", "X-Forwarded-For", "10.0.0.2");
            assertEquals("/192.0.2.1:0", String.valueOf(said.client()));
        }

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "localhost",
                    "192.0.2.1.",
                    "192.0.2.1:",
                    "192.0.2.1:65536",
                    "192.0.2.1:123456",
                    "192.0.2.1:0x50",
                    "[192.0.2.1]",
                    "[2001:db8::1",
                    "2001:db8::1]",
                    "[2001:db8::1]443",
                    "[2001:db8::1]:",
                    "[]",
                    "[]:1",
                    ":1",
                    "for=192.0.2.1",
                    "192.0.2.1, 10.0.0.2 10.0.0.3",
                    "192.0.2.1, x, 10.0.0.3"
                })
        void whatATrustedProxyCannotHaveAddedIsRefused(String field) {
            HttpHeadException e = refused("X-Forwarded-For", field);
            assertTrue(String.valueOf(e.getMessage()).contains("is no address"), e.getMessage());
        }

        @Test
        void schemeAndHostAreThoseOfTheProxyThatGotTheRequest() throws Exception {
            assertEquals(
                    "/192.0.2.1:0 https example.org:8443",
                    shown(read(
                            "X-Forwarded-For",
                            "192.0.2.9, 192.0.2.1, 10.0.0.2",
                            "X-Forwarded-Proto",
                            "http, HTTPS, http",
                            "X-Forwarded-Host",
                            "evil.example, example.org:8443, inner")));
            assertEquals(
                    "/192.0.2.1:0 https example.org",
                    shown(read(
                            "X-Forwarded-For",
                            "192.0.2.1, 10.0.0.2",
                            "X-Forwarded-Proto",
                            "wss",
                            "X-Forwarded-Host",
                            "example.org")));
            assertEquals("null http h", shown(read("X-Forwarded-Proto", "https, ws", "X-Forwarded-Host", "g, h")));
        }

        @Test
        void schemesAndHostsThatAreNoneAreRefused() {
            refused("X-Forwarded-Proto", "ftp");
            refused("X-Forwarded-Proto", "https:");
            refused("X-Forwarded-Host", "a b");
            refused("X-Forwarded-Host", "user@example.org");
            refused("X-Forwarded-Host", "example.org:65536");
            refused("X-Forwarded-Host", "x".repeat(300));
        }

        @Test
        void thirtyTwoTrustedProxiesAreEnough() throws Exception {
            String many = "10.0.0.1, ".repeat(31) + "10.0.0.2";
            assertEquals(
                    "/10.0.0.1:0", String.valueOf(read("X-Forwarded-For", many).client()));
            refused("X-Forwarded-For", "10.0.0.1, " + many);
            assertEquals(
                    "/192.0.2.1:0",
                    String.valueOf(read("X-Forwarded-For", "x, ".repeat(5000) + "192.0.2.1")
                            .client()));
        }
    }

    @Nested
    class Standard {
        @ParameterizedTest
        @CsvSource(
                delimiter = '|',
                quoteCharacter = '!',
                value = {
                    "for=192.0.2.1 | /192.0.2.1:0  ",
                    "For=\"192.0.2.1:80\";Proto=HTTPS;Host=example.org;by=10.0.0.1 | /192.0.2.1:80 https example.org",
                    "for=\"[2001:db8::1]:1\" ; host=\"example.org:8443\" | /[2001:db8:0:0:0:0:0:1]:1  example.org:8443",
                    "for=\"\\[2001:db8::1\\]\" | /[2001:db8:0:0:0:0:0:1]:0  ",
                    "for=evil;host=evil, for=192.0.2.1;host=good | /192.0.2.1:0  good",
                    "for=192.0.2.9, for=192.0.2.1;proto=https, for=10.0.0.2;proto=http | /192.0.2.1:0 https ",
                    "for=192.0.2.1, for=unknown;proto=https | null https ",
                    "for=192.0.2.1, for=_a1;host=h, for=10.0.0.2 | /10.0.0.2:0  h",
                    "for=192.0.2.1, proto=https | null https ",
                    "secret=abc;for=192.0.2.1 | /192.0.2.1:0  ",
                    ",, for=192.0.2.1;;  , | /192.0.2.1:0  ",
                    "for=\"\" | null  ",
                    "for=\"a,b\", for=192.0.2.1 | /192.0.2.1:0  "
                })
        void theLastThatIsTrustedIsBelieved(String field, String said) throws Exception {
            assertEquals(said.stripTrailing(), shown(read("Forwarded", field)).stripTrailing());
        }

        @Test
        void linesAreOneListAndWhatIsOpenInOneDoesNotReachTheNext() throws Exception {
            assertEquals(
                    "/192.0.2.1:0",
                    String.valueOf(read("Forwarded", "for=192.0.2.9", "Forwarded", "for=192.0.2.1")
                            .client()));
            refused("Forwarded", "for=\"192.0.2.9", "Forwarded", "for=\"192.0.2.1\"");
        }

        /** What a client may send so that it swallows what the proxy appends. */
        @ParameterizedTest
        @ValueSource(
                strings = {
                    "for=\"192.0.2.9, for=192.0.2.1",
                    "for=\"192.0.2.9, for=\"192.0.2.1\"",
                    "for=\"192.0.2.9\\, for=\"192.0.2.1\"",
                    "for=\"192.0.2.9;x=, for=\"[2001:db8::1]\";proto=http",
                    "for=192.0.2.9;, =x, for=192.0.2.1",
                    "for, for=192.0.2.1",
                    "for=, for=192.0.2.1",
                    "for =192.0.2.9, for=192.0.2.1",
                    "for= 192.0.2.9, for=192.0.2.1",
                    "for=192.0.2.9 for=192.0.2.1",
                    "for=192.0.2.9;for=192.0.2.1",
                    "for=2001:db8::1",
                    "for=[2001:db8::1]",
                    "for=192.0.2.1:80",
                    "for=\"192.0.2.1\"x",
                    "\"for\"=192.0.2.1",
                    "for=localhost",
                    "for=192.0.2.1;proto=gopher",
                    "for=192.0.2.1;host=\"a b\"",
                    "for=\"192.0.2.1\\"
                })
        void malformedElementsAreRefused(String field) {
            refused("Forwarded", field);
        }

        @Test
        void anElementHasSixteenParametersAtMost() throws Exception {
            StringBuilder element = new StringBuilder("for=192.0.2.1");
            for (int i = 2; i <= 16; i++) {
                element.append(";x").append(i).append("=y");
            }
            assertEquals(
                    "/192.0.2.1:0",
                    String.valueOf(read("Forwarded", element.toString()).client()));
            refused("Forwarded", element + ";x17=y");
        }

        @Test
        void thirtyTwoTrustedProxiesAreEnough() throws Exception {
            String many = "for=10.0.0.1, ".repeat(31) + "for=10.0.0.2";
            assertEquals("/10.0.0.1:0", String.valueOf(read("Forwarded", many).client()));
            refused("Forwarded", "for=10.0.0.1, " + many);
        }
    }

    /** A client's words left of the proxy's change nothing, or are refused. */
    @Test
    void whateverAClientSendsItIsNotAnother() {
        Random random = new Random(7239);
        String letters = "for=\";, \\:[]_x1.0192";
        int read = 0;
        for (int i = 0; i < 50_000; i++) {
            StringBuilder sent = new StringBuilder();
            for (int length = random.nextInt(24); length > 0; length--) {
                sent.append(letters.charAt(random.nextInt(letters.length())));
            }
            try {
                Forwarded said = read("Forwarded", (sent + ", for=\"192.0.2.1:80\";proto=https").strip());
                assertEquals("/192.0.2.1:80 https ", shown(said), sent.toString());
                read++;
            } catch (HttpHeadException e) {
                assertEquals(400, e.status());
            }
        }
        assertTrue(read > 500, read + " fields were read");
    }
}
