// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import dev.gibbon.http.HttpSyntax;
import dev.gibbon.support.Arguments;
import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A cookie for a browser to keep (RFC 6265 §4.1), with defaults that suit a login: scripts cannot read it, pages of
 * other sites do not send it along, and where it is set over TLS it is never sent without. It lives as long as the
 * browser's session, and goes to every path of this one host. Immutable.
 */
public final class SetCookie {
    /** What browsers keep of name and value at least, and most of them at most (RFC 6265 §6.1). */
    private static final int MAX_BYTES = 4096;

    /** Browsers pass over a longer path or domain. */
    private static final int MAX_ATTRIBUTE_BYTES = 1024;

    private static final String OF_HOST = "__Host-";
    private static final String OF_TLS = "__Secure-";

    /** Whose requests carry a cookie. */
    public enum SameSite {
        /** Those of our own pages alone: whoever follows a link to us is not logged in on the page it leads to. */
        STRICT("Strict"),
        /** Besides those, following a link to us; never a WebSocket or a form of another site. */
        LAX("Lax"),
        /** Those of any page: then only an origin check keeps others from acting with it. Such a cookie needs TLS. */
        NONE("None");

        private final String text;

        SameSite(String text) {
            this.text = text;
        }
    }

    private final String name;
    private final String value;
    private final String path;
    private final @Nullable String domain;
    private final @Nullable Duration maxAge;
    private final boolean httpOnly;
    private final SameSite sameSite;
    private final @Nullable Boolean secure;

    private SetCookie(Builder from) {
        name = from.name;
        value = from.value;
        path = from.path;
        domain = from.domain;
        maxAge = from.maxAge;
        httpOnly = from.httpOnly;
        sameSite = from.sameSite;
        secure = from.secure;
    }

    /**
     * {@return a cookie with every default}
     *
     * @param name a token
     * @param value characters of ASCII but blanks, quotes, commas, semicolons and backslashes
     * @throws IllegalArgumentException if one is malformed, or both together are longer than 4096 bytes
     */
    public static SetCookie of(String name, String value) {
        return builder(name, value).build();
    }

    /**
     * {@return what has the browser forget a cookie that was set with the default path and domain}
     *
     * @param name a token
     * @throws IllegalArgumentException if it is none
     */
    public static SetCookie expired(String name) {
        return builder(name, "").maxAge(Duration.ZERO).build();
    }

    /**
     * {@return a builder that starts from every default}
     *
     * @param name a token
     * @param value characters of ASCII but blanks, quotes, commas, semicolons and backslashes
     * @throws IllegalArgumentException if one is malformed, or both together are longer than 4096 bytes
     */
    public static Builder builder(String name, String value) {
        return new Builder(name, value);
    }

    /** {@return its name} */
    public String name() {
        return name;
    }

    /**
     * {@return the value of the field {@code Set-Cookie}, for answers that {@link Exchange#setCookie} does not serve}
     *
     * @param overTls whether the client has sent its request over TLS
     */
    public String fieldValue(boolean overTls) {
        StringBuilder text = new StringBuilder(name).append('=').append(value);
        text.append("; Path=").append(path);
        if (domain != null) {
            text.append("; Domain=").append(domain);
        }
        if (maxAge != null) {
            text.append("; Max-Age=").append(maxAge.toSeconds());
        }
        if (secure == null ? overTls || needsTls() : secure) {
            text.append("; Secure");
        }
        if (httpOnly) {
            text.append("; HttpOnly");
        }
        return text.append("; SameSite=").append(sameSite.text).toString();
    }

    private boolean needsTls() {
        return sameSite == SameSite.NONE || name.startsWith(OF_HOST) || name.startsWith(OF_TLS);
    }

    /**
     * {@return whether a browser that gets both keeps the later one alone: name, path and domain are the same}
     *
     * @param other the other
     */
    public boolean replaces(SetCookie other) {
        return name.equals(other.name) && path.equals(other.path) && Objects.equals(domain, other.domain);
    }

    /** {@return the name alone: the value may be a credential} */
    @Override
    public String toString() {
        return "SetCookie[" + name + "]";
    }

    /** Collects what is said of a cookie; not safe for use by several threads. */
    public static final class Builder {
        private final String name;
        private final String value;
        private String path = "/";
        private @Nullable String domain;
        private @Nullable Duration maxAge;
        private boolean httpOnly = true;
        private SameSite sameSite = SameSite.LAX;
        private @Nullable Boolean secure;

        private Builder(String name, String value) {
            if (!HttpSyntax.isToken(name)) {
                throw new IllegalArgumentException("cookie name " + HttpSyntax.quoted(name) + " is not a token");
            }
            for (int i = 0; i < value.length(); i++) {
                if (!isCookieOctet(value.charAt(i))) {
                    // The value itself stays out of the message: it may be a credential.
                    throw new IllegalArgumentException("value of cookie " + name + " has an illegal character at index "
                            + i + " (RFC 6265 §4.1.1)");
                }
            }
            if (name.length() + value.length() > MAX_BYTES) {
                throw new IllegalArgumentException(
                        "cookie " + HttpSyntax.quoted(name) + " has more than " + MAX_BYTES + " bytes (RFC 6265 §6.1)");
            }
            this.name = name;
            this.value = value;
        }

        private static boolean isCookieOctet(char c) {
            return HttpSyntax.isVisible(c) && "\",;\\".indexOf(c) < 0;
        }

        /**
         * Sets below which path the cookie is sent. {@code /} unless set.
         *
         * @param prefix begins with a slash
         * @return this
         * @throws IllegalArgumentException if it does not, or has a semicolon or a character that is not of ASCII
         */
        public Builder path(String prefix) {
            boolean legal = prefix.startsWith("/")
                    && prefix.length() <= MAX_ATTRIBUTE_BYTES
                    && prefix.chars().allMatch(c -> HttpSyntax.isVisible(c) && c != ';');
            if (!legal) {
                throw new IllegalArgumentException("path " + HttpSyntax.quoted(prefix) + " (RFC 6265 §4.1.1)");
            }
            path = prefix;
            return this;
        }

        /**
         * Sends the cookie to all hosts of a domain, too, not to the one that sets it alone.
         *
         * @param name such as {@code example.com}
         * @return this
         * @throws IllegalArgumentException if it is no name of a host
         */
        public Builder domain(String name) {
            boolean legal = !name.isEmpty()
                    && name.length() <= MAX_ATTRIBUTE_BYTES
                    && name.chars()
                            .allMatch(c -> HttpSyntax.isAlpha(c) || HttpSyntax.isDigit(c) || c == '-' || c == '.');
            if (!legal) {
                throw new IllegalArgumentException("domain " + HttpSyntax.quoted(name) + " (RFC 6265 §4.1.1)");
            }
            domain = name;
            return this;
        }

        /**
         * Has the browser keep the cookie over its own end, for so long; browsers cut it to 400 days or so. It is
         * forgotten with the browser's session unless set.
         *
         * @param duration zero or more, in whole seconds; with zero the browser forgets it at once
         * @return this
         * @throws IllegalArgumentException if it is negative
         */
        public Builder maxAge(Duration duration) {
            long _ = Arguments.notNegative("maxAge", duration.toSeconds());
            maxAge = duration;
            return this;
        }

        /**
         * Keeps scripts from reading the cookie, so that one that was smuggled into a page cannot carry it away. On
         * unless set.
         *
         * @param only whether it is for HTTP alone
         * @return this
         */
        public Builder httpOnly(boolean only) {
            httpOnly = only;
            return this;
        }

        /**
         * Sets whose requests carry the cookie. {@link SameSite#LAX} unless set.
         *
         * @param sites those of which pages
         * @return this
         */
        public Builder sameSite(SameSite sites) {
            sameSite = Objects.requireNonNull(sites, "sites");
            return this;
        }

        /**
         * Sets whether the cookie is sent over TLS alone, as for a server behind a proxy that speaks TLS in its place.
         * Unless set it is if the request came over TLS, and if {@link SameSite#NONE} or the prefix of the name
         * demands it.
         *
         * @param only whether over TLS alone
         * @return this
         */
        public Builder secure(boolean only) {
            secure = only;
            return this;
        }

        /**
         * {@return the cookie}
         *
         * @throws IllegalArgumentException if browsers would refuse it: {@link SameSite#NONE} or a name with the prefix
         *     {@code __Secure-} or {@code __Host-} without TLS, or the latter with a domain or another path
         */
        public SetCookie build() {
            SetCookie cookie = new SetCookie(this);
            if (cookie.needsTls() && Boolean.FALSE.equals(secure)) {
                throw new IllegalArgumentException("browsers take the cookie " + name + " with Secure alone");
            }
            if (name.startsWith(OF_HOST) && (domain != null || !path.equals("/"))) {
                throw new IllegalArgumentException(
                        "browsers take the cookie " + name + " for the path / of one host alone");
            }
            return cookie;
        }
    }
}
