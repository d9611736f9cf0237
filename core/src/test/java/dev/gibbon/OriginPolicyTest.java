// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class OriginPolicyTest {
    private static final boolean TLS = true;
    private static final boolean PLAIN = false;

    @Nested
    class SameOrigin {
        private final OriginPolicy policy = OriginPolicy.sameOrigin();

        @ParameterizedTest(name = "{0} origin {1} host {2} tls {3}: {4}")
        @CsvSource({
            "SEC-01, https://example.com,          example.com,       true,  true",
            "SEC-01, http://example.com,           example.com,       false, true",
            "SEC-01, https://example.com:8443,     example.com:8443,  true,  true",
            "SEC-02, https://other.example,        example.com,       true,  false",
            "SEC-03, https://example.com:8443,     example.com,       true,  false",
            "SEC-03, https://example.com,          example.com:8443,  true,  false",
            "SEC-03, https://example.com:443,      example.com,       true,  true",
            "SEC-03, https://example.com,          example.com:443,   true,  true",
            "SEC-03, https://example.com:,         example.com,       true,  true",
            "SEC-03, http://example.com:80,        example.com,       false, true",
            "SEC-03, http://example.com:443,       example.com,       false, false",
            "SEC-03, https://example.com:80,       example.com,       true,  false",
            "SEC-04, http://example.com,           example.com,       true,  false",
            "SEC-04, http://example.com:443,       example.com,       true,  false",
            "SEC-04, ftp://example.com,            example.com,       false, false",
            "SEC-04, ws://example.com,             example.com,       false, false",
            "SEC-04 proxy ended TLS, https://example.com, example.com, false, true",
            "SEC-04 proxy ended TLS, https://example.com, example.com:80, false, false",
            "SEC-05, https://evilexample.com,      example.com,       true,  false",
            "SEC-05, https://example.com.evil,     example.com,       true,  false",
            "SEC-05, https://sub.example.com,      example.com,       true,  false",
            "SEC-05, https://com,                  example.com,       true,  false",
            "SEC-05, https://example.com@evil.example, example.com,   true,  false",
            "SEC-05, https://evil.example@example.com, example.com,   true,  false",
            "SEC-05, https://evil.example#example.com, example.com,   true,  false",
            "SEC-05, https://evil.example\\@example.com, example.com, true,  false",
            "SEC-06, HTTPS://EXAMPLE.com,          Example.COM,       true,  true",
            "SEC-06, https://example.com.,         example.com,       true,  true",
            "SEC-06, https://example.com,          example.com.:443,  true,  true",
            "SEC-06, https://example.com..,        example.com,       true,  false",
            "SEC-06, https://xn--bcher-kva.example, XN--bcher-kva.example, true, true",
            "SEC-06, https://bücher.example,       bücher.example,    true,  false",
            "SEC-06, https://[::1],                [0:0:0:0:0:0:0:1], true,  true",
            "SEC-06, https://[2001:DB8::1]:443,    [2001:db8:0::1],   true,  true",
            "SEC-06, https://[::1],                [::2],             true,  false",
            "SEC-06, https://[::1,                 [::1],             true,  false",
            "SEC-06, https://[fe80::1%25eth0],     [fe80::1%25eth0],  true,  false",
            "SEC-07, null,                         example.com,       true,  false",
            "SEC-07, null,                         null,              true,  false",
            "SEC-09, https://example.com https://example.com, example.com, true, false",
            "SEC-09, https://example.com/,         example.com,       true,  false",
            "SEC-09, https://example.com/path,     example.com,       true,  false",
            "SEC-09, example.com,                  example.com,       true,  false",
            "SEC-09, //example.com,                example.com,       true,  false",
            "SEC-09, ://example.com,               example.com,       true,  false",
            "SEC-09, https:example.com,            example.com,       true,  false",
            "SEC-09, https://,                     example.com,       true,  false",
            "SEC-09, https://example.com:x,        example.com,       true,  false",
            "SEC-09, https://example.com:65979,    example.com,       true,  false",
            "SEC-09, https://example.com:0000443,  example.com,       true,  false",
            "bad host, https://example.com,        example.com/x,     true,  false"
        })
        void decides(String id, String origin, String host, boolean secure, boolean allowed) {
            assertEquals(allowed, policy.allows(Optional.of(origin), host, secure), id);
        }

        @Test
        void sec09EmptyOriginIsNotAnAbsentOne() {
            assertFalse(policy.allows(Optional.of(""), "example.com", TLS));
            assertFalse(policy.allows(Optional.of(""), "", TLS));
        }

        @Test
        void sec09OriginOfEightKibIsRefused() {
            String host = "a".repeat(8 * 1024);
            assertFalse(policy.allows(Optional.of("https://" + host), host, TLS));
        }

        @Test
        void sec08NoOriginPassesByDefaultAndFailsWhenRequired() {
            assertTrue(policy.allows(Optional.empty(), "example.com", PLAIN));
            assertFalse(policy.requiringOrigin().allows(Optional.empty(), "example.com", PLAIN));
            assertTrue(policy.requiringOrigin().allows(Optional.of("http://example.com"), "example.com", PLAIN));
        }
    }

    @Nested
    class AllowList {
        @ParameterizedTest(name = "SEC-10 origin {0}: {1}")
        @CsvSource({
            "https://a.example,      true",
            "https://a.example:443,  true",
            "HTTPS://A.EXAMPLE,      true",
            "http://a.example,       false",
            "https://a.example:8443, false",
            "https://aXexample,      false",
            "https://x.a.example,    false",
            "https://a.example.evil, false",
            "https://b.example:8443, true",
            "https://b.example,      false",
            "null,                   false",
            "*,                      false"
        })
        void isExact(String origin, boolean allowed) {
            OriginPolicy policy = OriginPolicy.allow("https://a.example", "https://b.example:8443");
            assertEquals(allowed, policy.allows(Optional.of(origin), "server.example", TLS));
        }

        @Test
        void sec10SameHostWithAnotherSchemeIsAnotherEntry() {
            OriginPolicy policy = OriginPolicy.allow("https://a.example", "http://a.example");
            assertTrue(policy.allows(Optional.of("http://a.example"), "h", PLAIN));
            assertTrue(policy.allows(Optional.of("https://a.example"), "h", PLAIN));
        }

        @Test
        void sec10OwnOriginIsNotListedByItself() {
            assertFalse(OriginPolicy.allow("https://a.example").allows(Optional.of("https://h"), "h", TLS));
        }

        @Test
        void schemesOfAppsAndBrowserExtensionsCanBeListed() {
            OriginPolicy policy = OriginPolicy.allow("chrome-extension://abcdef");
            assertTrue(policy.allows(Optional.of("chrome-extension://abcdef"), "h", PLAIN));
            assertFalse(policy.allows(Optional.of("chrome-extension://abcdeg"), "h", PLAIN));
        }

        @ParameterizedTest(name = "a web view of {0}")
        @ValueSource(
                strings = {
                    "file://",
                    "app://localhost",
                    "app://.",
                    "app://-",
                    "app://obsidian.md",
                    "capacitor://localhost",
                    "ionic://localhost",
                    "tauri://localhost",
                    "chrome-extension://mhjfbmdgcfjbbpaeojofohoefgiehjai",
                    "moz-extension://f2d9ba04-5a2c-4a37-9fd7-b0c6e2e5cb4f",
                    "safari-web-extension://4F1F8F0B-1F2E-4A44-9D1A-4A9B4D0A6E11",
                    "vscode-webview://0a1b2c3d4e5f",
                    "app://localhost:8100",
                    "null"
                })
        void originsOfEmbeddedWebViewsCanBeListed(String origin) {
            OriginPolicy policy = OriginPolicy.allow(origin, "https://a.example");
            assertTrue(policy.allows(Optional.of(origin), "server.example", TLS));
            assertTrue(policy.allows(Optional.of("https://a.example"), "server.example", TLS));
            for (String other : List.of("file://evil", "app://", "app://evil", "https://", "https://.", "evil://")) {
                assertFalse(policy.allows(Optional.of(other), "server.example", TLS), other);
            }
            assertFalse(OriginPolicy.sameOrigin().allows(Optional.of(origin), "localhost", PLAIN));
        }

        @Test
        void sec07NullIsAllowedOnlyIfListedLiterally() {
            assertTrue(OriginPolicy.allow("null").allows(Optional.of("null"), "h", TLS));
            assertFalse(OriginPolicy.allow("null").allows(Optional.of("NULL"), "h", TLS));
            assertFalse(OriginPolicy.allow().allows(Optional.of("null"), "h", TLS));
        }

        @Test
        void sec10StarStandsForEveryOrigin() {
            assertTrue(OriginPolicy.allow("*").allows(Optional.of("https://evil.example"), "h", TLS));
            assertTrue(OriginPolicy.any().allows(Optional.of("garbage"), "h", TLS));
        }

        @ParameterizedTest(name = "SEC-10 entry {0}")
        @ValueSource(
                strings = {
                    "https://*.example",
                    "https://*",
                    "a.example",
                    "file:",
                    "file:///",
                    "file:///home",
                    "app://a b",
                    "http://",
                    "https://.",
                    "https://a.example/",
                    "https://a.example/path",
                    "https://bücher.example",
                    "https://u@a.example",
                    "https://a.example:99999",
                    "https://a.example, https://b.example",
                    "",
                    "\r\n"
                })
        void entryThatIsNoOriginIsRefused(String entry) {
            IllegalArgumentException e = assertThrows(IllegalArgumentException.class, () -> OriginPolicy.allow(entry));
            assertTrue(String.valueOf(e.getMessage()).startsWith("not an origin: \""), e.getMessage());
        }
    }

    @Test
    void orAllowsWhatEitherAllows() {
        OriginPolicy policy = OriginPolicy.sameOrigin().or(OriginPolicy.allow("https://a.example"));
        assertTrue(policy.allows(Optional.of("https://h"), "h", TLS));
        assertTrue(policy.allows(Optional.of("https://a.example"), "h", TLS));
        assertFalse(policy.allows(Optional.of("https://b.example"), "h", TLS));
    }
}
