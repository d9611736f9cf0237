// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.handshake;

import dev.gibbon.http.HttpSyntax;
import java.util.List;
import java.util.Optional;

/**
 * One extension as a side offers or accepts it: a name and its parameters in order, repeated ones included, since
 * RFC 7692 §7 makes a repetition a reason to decline.
 *
 * @param name a token
 * @param parameters the parameters in order
 */
public record ExtensionOffer(String name, List<Parameter> parameters) {
    /**
     * Copies the parameters.
     *
     * @throws IllegalArgumentException if the name is not a token
     */
    public ExtensionOffer {
        requireToken("extension name", name);
        parameters = List.copyOf(parameters);
    }

    /**
     * {@return an offer without parameters}
     *
     * @param name a token
     */
    public static ExtensionOffer of(String name) {
        return new ExtensionOffer(name, List.of());
    }

    /** {@return this offer as it stands in a Sec-WebSocket-Extensions field} */
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder(name);
        for (Parameter parameter : parameters) {
            text.append("; ").append(parameter);
        }
        return text.toString();
    }

    private static void requireToken(String what, String text) {
        if (!HttpSyntax.isToken(text)) {
            throw new IllegalArgumentException(what + " " + HttpSyntax.quoted(text) + " is not a token (§9.1)");
        }
    }

    /**
     * One parameter of an extension.
     *
     * @param name a token
     * @param value a token, unquoted; empty if the parameter is a mere flag
     */
    public record Parameter(String name, Optional<String> value) {
        /**
         * Checks both parts.
         *
         * @throws IllegalArgumentException if either is not a token
         */
        public Parameter {
            requireToken("parameter name", name);
            value.ifPresent(text -> requireToken("parameter value", text));
        }

        /**
         * {@return a parameter without a value}
         *
         * @param name a token
         */
        public static Parameter flag(String name) {
            return new Parameter(name, Optional.empty());
        }

        /**
         * {@return a parameter with a value}
         *
         * @param name a token
         * @param value a token
         */
        public static Parameter of(String name, String value) {
            return new Parameter(name, Optional.of(value));
        }

        /** {@return this parameter as it stands in a Sec-WebSocket-Extensions field} */
        @Override
        public String toString() {
            return value.map(text -> name + "=" + text).orElse(name);
        }
    }
}
