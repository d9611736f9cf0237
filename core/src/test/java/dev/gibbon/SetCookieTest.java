// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SetCookieTest {
    private static void assertRefused(Executable call) {
        assertThrows(IllegalArgumentException.class, call);
    }

    @Test
    void theDefaultsSuitALogin() {
        SetCookie cookie = SetCookie.of("session", "abc=");
        assertEquals("session=abc=; Path=/; HttpOnly; SameSite=Lax", cookie.fieldValue(false));
        assertEquals("session=abc=; Path=/; Secure; HttpOnly; SameSite=Lax", cookie.fieldValue(true));
        assertEquals("session", cookie.name());
    }

    @Test
    void everythingCanBeSet() {
        SetCookie cookie = SetCookie.builder("a", "")
                .path("/app")
                .domain("example.com")
                .maxAge(Duration.ofMinutes(2))
                .httpOnly(false)
                .sameSite(SetCookie.SameSite.STRICT)
                .secure(true)
                .build();
        assertEquals(
                "a=; Path=/app; Domain=example.com; Max-Age=120; Secure; SameSite=Strict", cookie.fieldValue(false));
    }

    @Test
    void anExpiredOneIsForgottenAtOnce() {
        assertEquals(
                "session=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax",
                SetCookie.expired("session").fieldValue(false));
    }

    @Test
    void secureFollowsTheRequestUnlessSetOrDemanded() {
        assertFalse(SetCookie.builder("a", "1")
                .secure(false)
                .build()
                .fieldValue(true)
                .contains("Secure"));
        assertTrue(SetCookie.of("__Host-a", "1").fieldValue(false).contains("; Secure"));
        assertTrue(SetCookie.of("__Secure-a", "1").fieldValue(false).contains("; Secure"));
        assertTrue(SetCookie.builder("a", "1")
                .sameSite(SetCookie.SameSite.NONE)
                .build()
                .fieldValue(false)
                .contains("; Secure"));
    }

    @Test
    void whatBrowsersWouldPassOverIsRefused() {
        assertRefused(() -> SetCookie.builder("__Host-a", "1").path("/app").build());
        assertRefused(
                () -> SetCookie.builder("__Host-a", "1").domain("example.com").build());
        assertRefused(() -> SetCookie.builder("__Secure-a", "1").secure(false).build());
        assertRefused(() -> SetCookie.builder("a", "1")
                .sameSite(SetCookie.SameSite.NONE)
                .secure(false)
                .build());
        assertRefused(() -> SetCookie.of("a", "x".repeat(4096)));
        String longest = "x".repeat(4095);
        assertTrue(SetCookie.of("a", longest).fieldValue(false).startsWith("a=" + longest + ";"));
        assertRefused(() -> SetCookie.builder("a", "1").maxAge(Duration.ofSeconds(-1)));
    }

    @ParameterizedTest
    @ValueSource(strings = {"a b", "a;b", "a,b", "a\"b", "a\\b", "a\r\nb", "\0", "\u00e9", "a\u007f"})
    void aValueOfOtherCharactersIsRefusedAndNotShown(String value) {
        IllegalArgumentException refusal =
                assertThrows(IllegalArgumentException.class, () -> SetCookie.of("session", value));
        assertFalse(String.valueOf(refusal.getMessage()).contains(value), refusal.getMessage());
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "a b", "a;b", "a=b", "a\r\n", "\u00e9"})
    void aNameIsAToken(String name) {
        assertRefused(() -> SetCookie.of(name, "1"));
        assertRefused(() -> SetCookie.expired(name));
    }

    @Test
    void pathAndDomainInjectNothing() {
        for (String path :
                new String[] {"", "app", "/a;Domain=b", "/a\r\nb", "/a b", "/\u00e9", "/" + "a".repeat(1024)}) {
            assertRefused(() -> SetCookie.builder("a", "1").path(path));
        }
        for (String domain : new String[] {"", "a;b", "a b", "a\r\nb", "a/b"}) {
            assertRefused(() -> SetCookie.builder("a", "1").domain(domain));
        }
    }

    @Test
    void nullsAreRefused() {
        assertThrows(
                NullPointerException.class, () -> SetCookie.builder("a", "1").sameSite(null));
        assertThrows(
                NullPointerException.class, () -> SetCookie.builder("a", "1").maxAge(null));
        assertThrows(NullPointerException.class, () -> SetCookie.of("a", null));
        assertThrows(NullPointerException.class, () -> SetCookie.of(null, "1"));
    }

    @Test
    void aLaterOneReplacesThatOfTheSameNamePathAndDomain() {
        SetCookie cookie = SetCookie.of("a", "1");
        assertTrue(SetCookie.of("a", "2").replaces(cookie));
        assertFalse(SetCookie.of("b", "1").replaces(cookie));
        assertFalse(SetCookie.builder("a", "1").path("/app").build().replaces(cookie));
        assertFalse(SetCookie.builder("a", "1").domain("example.com").build().replaces(cookie));
    }

    @Test
    void sec24ItsValueIsNotPrinted() {
        assertEquals("SetCookie[session]", SetCookie.of("session", "secret").toString());
    }
}
