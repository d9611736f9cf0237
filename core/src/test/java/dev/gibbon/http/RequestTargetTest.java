// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RequestTargetTest {
    @ParameterizedTest(name = "HS-23 {0}")
    @ValueSource(
            strings = {
                "/",
                "//",
                "//a",
                "/a/../b",
                "/./a",
                "/a;x=1",
                "/a%2Fb",
                "/a%2fb",
                "/%C3%A9",
                "/a%25",
                "/-._~!$&'()*+,;=:@",
                "/a%01",
                "/room/[1]",
                "/a|b",
                "/a^b",
                "/{a}`",
                "/room/50%",
                "/%",
                "/%2",
                "/%zz",
                "/%2500"
            })
    void pathIsKeptAsSent(String path) throws HttpHeadException {
        assertEquals(new RequestTarget(path, Optional.empty(), Optional.empty()), RequestTarget.parse(path));
    }

    @ParameterizedTest(name = "HS-23 {0}")
    @ValueSource(
            strings = {
                "/a#b",
                "/#",
                "/a?b#c",
                "/%00",
                "/a b",
                "/<",
                "/>",
                "/\"",
                "/\\",
                "/a?<",
                "/a?\"",
                "/%%00",
                "/a?x#%00",
                "/\u00E9"
            })
    void illegalCharacterIs400(String target) {
        HttpHeadException e = assertThrows(HttpHeadException.class, () -> RequestTarget.parse(target));
        assertEquals(400, e.status());
    }

    @ParameterizedTest(name = "query {0}")
    @ValueSource(strings = {"", "a=1", "a?b", "a/b", "{}|^[]\\`", "%7B", "q=50%", "q=%zz", "q=%00", "%"})
    void queryMayHaveWhatBrowsersLeaveAsItIs(String query) throws HttpHeadException {
        assertEquals(new RequestTarget("/p", Optional.of(query), Optional.empty()), RequestTarget.parse("/p?" + query));
    }

    @ParameterizedTest(name = "HS-16 {0}")
    @CsvSource({
        "http://example.com/a?b, /a, b, example.com",
        "HTTPS://Example.com:8443/a, /a, , Example.com:8443",
        "ws://[::1]:80/, /, , [::1]:80",
        "wss://h//a, //a, , h",
        "http://h, /, , h",
        "http://h?q, /, q, h"
    })
    void absoluteForm(String target, String path, String query, String authority) throws HttpHeadException {
        assertEquals(
                new RequestTarget(path, Optional.ofNullable(query), Optional.of(authority)),
                RequestTarget.parse(target));
    }

    @ParameterizedTest(name = "HS-16 {0}")
    @ValueSource(
            strings = {
                "*",
                "example.com:443",
                "example.com",
                "a/b",
                "?q",
                "http:/h",
                "http:///a",
                "http://:80/",
                "http://u@h/",
                "http://h:65536/",
                "http://a,b/",
                "http://h#f",
                "http://h/#f",
                "http://h%2Fa/",
                "ftp://h/",
                "://h/",
                "file:///a",
                "http:h"
            })
    void otherFormIs400(String target) {
        HttpHeadException e = assertThrows(HttpHeadException.class, () -> RequestTarget.parse(target));
        assertEquals(400, e.status());
    }

    @Test
    void slashFirstIsOriginFormEvenWithASchemeBehind() throws HttpHeadException {
        assertEquals(
                new RequestTarget("/http://h/", Optional.empty(), Optional.empty()), RequestTarget.parse("/http://h/"));
    }
}
