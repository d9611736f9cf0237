// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.Headers;
import dev.gibbon.spi.UpgradeRequest;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class ValidRequestTest {
    private static ValidRequest of(String method, String target, String version, String... fields)
            throws HttpHeadException {
        return ValidRequest.of(new RequestHead(method, target, version, Headers.of(fields)));
    }

    @Test
    void partsOfAPlainRequest() throws HttpHeadException {
        ValidRequest request = of("POST", "/p?q", "HTTP/1.1", "Host", "h:80", "Transfer-Encoding", "chunked");
        assertEquals(new RequestTarget("/p", Optional.of("q"), Optional.empty()), request.target());
        assertEquals("h:80", request.host());
        assertEquals(new BodyFraming.Chunked(), request.framing());
    }

    @Test
    void hs15Http10NeedsNoHost() throws HttpHeadException {
        assertEquals("", of("GET", "/", "HTTP/1.0").host());
        HttpHeadException e = assertThrows(HttpHeadException.class, () -> of("GET", "/", "HTTP/1.1"));
        assertEquals(400, e.status());
    }

    @Test
    void hs15MalformedOrRepeatedHostIs400InEitherVersion() {
        for (String version : new String[] {"HTTP/1.0", "HTTP/1.1"}) {
            assertThrows(HttpHeadException.class, () -> of("GET", "/", version, "Host", "a b"));
            assertThrows(HttpHeadException.class, () -> of("GET", "/", version, "Host", "a", "Host", "a"));
        }
    }

    @Test
    void hs16TheAuthorityOfTheTargetIsTheHost() throws HttpHeadException {
        assertEquals("a:1", of("GET", "http://a:1/p", "HTTP/1.1", "Host", "b").host());
        // Host must be valid even where the target overrules it (RFC 9112 §3.2.2).
        assertThrows(HttpHeadException.class, () -> of("GET", "http://a/", "HTTP/1.1"));
        assertThrows(HttpHeadException.class, () -> of("GET", "http://a/", "HTTP/1.1", "Host", ""));
    }

    @Test
    void theHandshakeSeesTheRequestAsSent() throws HttpHeadException {
        Headers headers = Headers.of("Host", "H.example.:80");
        UpgradeRequest seen = ValidRequest.of(new RequestHead("get", "/", "HTTP/1.1", headers))
                .openingRequest(true);
        assertEquals(UpgradeRequest.Kind.HTTP_1_1, seen.kind());
        assertEquals("get", seen.method());
        assertEquals("HTTP/1.1", seen.version());
        assertEquals("H.example.:80", seen.authority());
        assertTrue(seen.secure());
        assertEquals(headers, seen.headers());
    }
}
