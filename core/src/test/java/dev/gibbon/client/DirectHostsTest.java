// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.client;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class DirectHostsTest {
    private static boolean isDirect(String list, String host, int port) {
        return DirectHosts.parse(list).contains(TargetHost.parse(host).orElseThrow(), port);
    }

    @ParameterizedTest
    @CsvSource({
        "a.example, a.example, true",
        "A.Example., a.example, true",
        "a.example, b.a.example, true",
        "a.example, c.b.a.example, true",
        "a.example, ba.example, false",
        "a.example, example, false",
        ".a.example, a.example, true",
        ".a.example, b.a.example, true",
        ".a.example, ba.example, false",
        "*.a.example, b.a.example, true",
        "*.a.example, ba.example, false",
        "*a.example, ba.example, false",
        "example, a.example, true",
        "192.0.2.1, 192.0.2.1, true",
        "192.0.2.1, 192.0.2.10, false",
        "0.2.1, a.0.2.1.example, false",
        "example, 192.0.2.1, false",
        "::1:2, [0:0:0:0:0:0:1:2], true",
        "[::1:2], 0:0:0:0:0:0:1:2, true",
        "192.0.2.1, ::ffff:192.0.2.1, true",
        "::ffff:192.0.2.1, 192.0.2.1, true",
    })
    void domainsWithAllBelowThemAndAddressesByValue(String list, String host, boolean direct) {
        assertEquals(direct, isDirect(list, host, 80));
    }

    @ParameterizedTest
    @CsvSource({
        "a.example:80, a.example, 80, true",
        "a.example:80, b.a.example, 80, true",
        "a.example:80, a.example, 81, false",
        ".a.example:80, b.a.example, 80, true",
        "192.0.2.1:80, 192.0.2.1, 80, true",
        "192.0.2.1:80, 192.0.2.1, 81, false",
        "[2001:db8::1]:80, 2001:db8::1, 80, true",
        "[2001:db8::1]:80, 2001:db8::1, 81, false",
        "*:443, a.example, 443, true",
        "*:443, a.example, 80, false",
        "*, 192.0.2.1, 80, true",
    })
    void portNarrowsAnEntry(String list, String host, int port, boolean direct) {
        assertEquals(direct, isDirect(list, host, port));
    }

    @ParameterizedTest
    @CsvSource({
        "10.0.0.0/8, 10.255.1.2, true",
        "10.0.0.0/8, 11.0.0.0, false",
        "10.1.2.3/8, 10.9.9.9, true",
        "192.0.2.128/25, 192.0.2.127, false",
        "192.0.2.128/25, 192.0.2.200, true",
        "192.0.2.1/32, 192.0.2.1, true",
        "192.0.2.1/32, 192.0.2.0, false",
        "0.0.0.0/0, 203.0.113.9, true",
        "0.0.0.0/0, 2001:db8::1, false",
        "0.0.0.0/0, a.example, false",
        "2001:db8::/33, 2001:db8:7fff::1, true",
        "2001:db8::/33, 2001:db8:8000::1, false",
        "::/0, 2001:db8::1, true",
        "10.0.0.0/8, ::ffff:10.1.1.1, true",
    })
    void blockMatchesItsFirstBits(String list, String host, boolean direct) {
        assertEquals(direct, isDirect(list, host, 80));
    }

    @ParameterizedTest
    @ValueSource(strings = {"a,t,b", "a t b", " a , t ", "a\tt", ",,t,,", "a:x,t", "10.0.0.0/33,t"})
    void entriesAreBetweenCommasOrBlanks(String list) {
        assertEquals(true, isDirect(list, "t", 80));
        assertEquals(false, isDirect(list, "u", 80));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                ",",
                ".",
                "*.",
                "t:x",
                "t:",
                "t:123456",
                ":80",
                "t/8",
                "10.0.0.0/33",
                "10.0.0.0/",
                "10.0.0.0/-1",
                "10.0.0.0/8/8",
                "10.0.0.0/9999999999",
                "::/129",
                "[::1",
                "**",
                "t@u",
                "bücher",
                "/",
                "//"
            })
    void malformedEntryMatchesNothing(String list) {
        assertEquals(false, isDirect(list, "t", 80));
        assertEquals(false, isDirect(list, "10.0.0.1", 80));
        assertEquals(false, isDirect(list, "::1", 80));
    }
}
