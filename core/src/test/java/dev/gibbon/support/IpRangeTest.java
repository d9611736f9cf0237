// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.support;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.InetAddress;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Addresses and ranges of them, up to each bound. */
class IpRangeTest {
    private static InetAddress address(String text) {
        return IpAddress.parse(text).orElseThrow();
    }

    @ParameterizedTest
    @CsvSource({
        "0.0.0.0, 0.0.0.0",
        "255.255.255.255, 255.255.255.255",
        "192.0.2.1, 192.0.2.1",
        "::, 0:0:0:0:0:0:0:0",
        "2001:DB8::1, 2001:db8:0:0:0:0:0:1",
        "::ffff:192.0.2.1, 192.0.2.1",
        "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255, ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"
    })
    void addressesAreRead(String text, String shown) {
        assertEquals(shown, address(text).getHostAddress());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "1",
                "1.2.3",
                "1.2.3.",
                ".1.2.3",
                "1.2.3.4.5",
                "1.2.3.256",
                "1.2.3.04",
                "1.2.3.-4",
                "0x1.2.3.4",
                "1.2.3.4 ",
                "1111.2.3.4",
                "localhost",
                "\uFF11.2.3.4",
                ":",
                ":::",
                "1:2:3:4:5:6:7",
                "1:2:3:4:5:6:7:8:9",
                "fe80::1%eth0",
                "[::1]",
                "g::1",
                "\uFF11::1",
                "1::2::3",
                "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.2555"
            })
    void whatIsNoAddressIsNone(String text) {
        assertTrue(IpAddress.parse(text).isEmpty(), text);
    }

    @ParameterizedTest
    @CsvSource({
        "10.0.0.0/8, 10.0.0.0, 10.255.255.255, 11.0.0.0",
        "192.0.2.64/26, 192.0.2.64, 192.0.2.127, 192.0.2.128",
        "192.0.2.64/26, 192.0.2.64, 192.0.2.65, 192.0.2.63",
        "192.0.2.7/32, 192.0.2.7, 192.0.2.7, 192.0.2.6",
        "192.0.2.7, 192.0.2.7, 192.0.2.7, 192.0.2.8",
        "0.0.0.0/0, 0.0.0.0, 255.255.255.255, ::1",
        "::/0, ::, ffff::, 0.0.0.0",
        "fd00::/8, fd00::, fdff:ffff::1, fc00::1",
        "2001:db8::/65, 2001:db8::, 2001:db8::7fff:0:0:1, 2001:db8::8000:0:0:0",
        "::1, ::1, ::1, ::2",
        "::ffff:10.0.0.0/8, 10.0.0.0, 10.1.1.1, 11.1.1.1"
    })
    void aRangeHasItsFirstAndLastAndNoOther(String range, String first, String last, String other) {
        IpRange parsed = IpRange.parse(range);
        assertTrue(parsed.contains(address(first)));
        assertTrue(parsed.contains(address(last)));
        assertFalse(parsed.contains(address(other)));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "/8",
                "10.0.0.0/",
                "10.0.0.0/33",
                "10.0.0.0/-1",
                "10.0.0.0/08",
                "10.0.0.0/8/8",
                "10.0.0.0/255.0.0.0",
                "::/129",
                "example.org/8",
                "10.0.0/8"
            })
    void whatIsNoRangeIsRefused(String text) {
        assertThrows(IllegalArgumentException.class, () -> IpRange.parse(text));
    }

    @Test
    void bitsBehindThePrefixAreToldWithWhatIsMeant() {
        IllegalArgumentException e = assertThrows(IllegalArgumentException.class, () -> IpRange.parse("10.1.2.3/8"));
        assertEquals("10.1.2.3/8 has bits behind its prefix; is 10.0.0.0/8 meant?", e.getMessage());
    }

    @Test
    void onlyAddressesHaveFourOrSixteenBytes() {
        assertThrows(IllegalArgumentException.class, () -> IpAddress.of(new byte[5]));
    }
}
