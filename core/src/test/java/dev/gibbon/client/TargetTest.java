// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.URI;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TargetTest {
    @ParameterizedTest
    @CsvSource(
            delimiter = ' ',
            value = {
                "ws://example.org false example.org 80 example.org /",
                "WSS://example.org true example.org 443 example.org /",
                "wss://example.org:443/a true example.org 443 example.org /a",
                "ws://example.org:443/ false example.org 443 example.org:443 /",
                "wss://example.org:80?q true example.org 80 example.org:80 /?q",
                "ws://example.org: false example.org 80 example.org /",
                "ws://example.org:65535/ false example.org 65535 example.org:65535 /",
                "ws://Example.ORG./ false Example.ORG. 80 Example.ORG. /",
                "ws://under_score.test/ false under_score.test 80 under_score.test /",
                "ws://127.0.0.1:81/ false 127.0.0.1 81 127.0.0.1:81 /",
                "ws://[::1]/ false ::1 80 [::1] /",
                "wss://[2001:db8::7]:8443/ true 2001:db8::7 8443 [2001:db8::7]:8443 /",
                "ws://[fe80::1%25eth0]:81/ false fe80::1%eth0 81 [fe80::1]:81 /",
                "ws://[fe80::1%eth0]/ false fe80::1%eth0 80 [fe80::1] /",
                "ws://bücher.test/ false xn--bcher-kva.test 80 xn--bcher-kva.test /",
                "ws://h/%7Ea//b/../c;d=e?f=%20&g=? false h 80 h /%7Ea//b/../c;d=e?f=%20&g=?",
                "ws://h/grün?ü=€ false h 80 h /gr%C3%BCn?%C3%BC=%E2%82%AC",
            })
    void uriNamesATarget(String uri, boolean secure, String host, int port, String hostField, String requestTarget) {
        URI given = URI.create(uri);
        assertEquals(new Target(given, secure, host, port, hostField, requestTarget), Target.of(given));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "http://example.org/",
                "https://example.org/",
                "file:///etc/passwd",
                "example.org",
                "//example.org/",
                "ws:example.org",
                "ws:/path",
                "ws:///path",
                "ws://example.org/#",
                "ws://example.org/#part",
                "ws://user@example.org/",
                "ws://user:secret@example.org/",
                "ws://@example.org/",
                "ws://example.org:0/",
                "ws://example.org:65536/",
                "ws://example.org:99999999999/",
                "ws://example.org:-1/",
                "ws://example.org:8a/",
                "ws://:80/",
                "ws://a..b/",
                "ws://a%2eb/",
                "ws://a,b/",
                "ws://a%00b/",
                "ws://evil.test%2f.example.org/",
                "ws://bü..cher/",
            })
    void hc26UriThatBreaksARuleIsRefused(String uri) {
        URI given = URI.create(uri);
        IllegalArgumentException refused = assertThrows(IllegalArgumentException.class, () -> Target.of(given));
        assertFalse(String.valueOf(refused.getMessage()).contains("secret"));
    }

    @Test
    void fullWidthSolidusIsNoWayOutOfAHost() {
        URI given = URI.create("ws://evil.test\uff0f.example.org/");
        assertThrows(IllegalArgumentException.class, () -> Target.of(given));
    }

    @Test
    void sameOriginIsSchemeHostAndPort() {
        Target target = Target.of(URI.create("wss://example.org/a"));
        assertTrue(target.sameOrigin(Target.of(URI.create("wss://EXAMPLE.org.:443/b"))));
        assertFalse(target.sameOrigin(Target.of(URI.create("ws://example.org:443/a"))));
        assertFalse(target.sameOrigin(Target.of(URI.create("wss://example.org:444/a"))));
        assertFalse(target.sameOrigin(Target.of(URI.create("wss://www.example.org/a"))));
        Target one = Target.of(URI.create("ws://[fe80::1%25a]/"));
        assertTrue(one.sameOrigin(Target.of(URI.create("ws://[fe80:0::1%25a]/"))));
        assertFalse(one.sameOrigin(Target.of(URI.create("ws://[fe80::1%25b]/"))));
    }

    @Test
    void cookiesSeeHttp() {
        assertEquals(
                URI.create("https://example.org:444/a?b"),
                Target.of(URI.create("wss://example.org:444/a?b")).httpUri());
        assertEquals(
                URI.create("http://[::1]/"), Target.of(URI.create("ws://[::1]")).httpUri());
    }
}
