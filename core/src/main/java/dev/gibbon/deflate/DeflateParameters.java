// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.deflate;

import dev.gibbon.handshake.ExtensionOffer;
import dev.gibbon.handshake.ExtensionOffer.Parameter;
import dev.gibbon.http.HttpSyntax;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;

/**
 * The parameters of one permessage-deflate element of an offer or a reply (RFC 7692 §7.1).
 *
 * @param serverNoContextTakeover whether it is there (§7.1.1.1)
 * @param clientNoContextTakeover whether it is there (§7.1.1.2)
 * @param serverMaxWindowBits its value, if it is there (§7.1.2.1)
 * @param boundsClientWindow whether client_max_window_bits is there, with a value or without (§7.1.2.2)
 * @param clientMaxWindowBits its value, if it is there and has one
 */
record DeflateParameters(
        boolean serverNoContextTakeover,
        boolean clientNoContextTakeover,
        OptionalInt serverMaxWindowBits,
        boolean boundsClientWindow,
        OptionalInt clientMaxWindowBits) {
    static final String EXTENSION = "permessage-deflate";
    static final String SERVER_NO_CONTEXT_TAKEOVER = "server_no_context_takeover";
    static final String CLIENT_NO_CONTEXT_TAKEOVER = "client_no_context_takeover";
    static final String SERVER_MAX_WINDOW_BITS = "server_max_window_bits";
    static final String CLIENT_MAX_WINDOW_BITS = "client_max_window_bits";

    /**
     * {@return the parameters of an element}
     *
     * @throws DeflateParameterException if one is unknown, repeated, has a value where none may be, lacks one, or has a
     *     value out of range: then the element is to be declined as a whole (§7.1)
     */
    static DeflateParameters parse(ExtensionOffer element) throws DeflateParameterException {
        Set<String> seen = new HashSet<>();
        OptionalInt serverBits = OptionalInt.empty();
        OptionalInt clientBits = OptionalInt.empty();
        for (Parameter parameter : element.parameters()) {
            if (!seen.add(parameter.name())) {
                throw new DeflateParameterException(
                        "parameter " + HttpSyntax.quoted(parameter.name()) + " is repeated (RFC 7692 §7.1)");
            }
            switch (parameter.name()) {
                case SERVER_NO_CONTEXT_TAKEOVER, CLIENT_NO_CONTEXT_TAKEOVER -> requireFlag(parameter);
                case SERVER_MAX_WINDOW_BITS -> serverBits = OptionalInt.of(bits(parameter));
                case CLIENT_MAX_WINDOW_BITS ->
                    clientBits = parameter.value().isPresent() ? OptionalInt.of(bits(parameter)) : OptionalInt.empty();
                default ->
                    throw new DeflateParameterException(
                            "parameter " + HttpSyntax.quoted(parameter.name()) + " is unknown (RFC 7692 §7.1)");
            }
        }
        return new DeflateParameters(
                seen.contains(SERVER_NO_CONTEXT_TAKEOVER),
                seen.contains(CLIENT_NO_CONTEXT_TAKEOVER),
                serverBits,
                seen.contains(CLIENT_MAX_WINDOW_BITS),
                clientBits);
    }

    /** {@return an element with these parameters} */
    ExtensionOffer format() {
        List<Parameter> parameters = new ArrayList<>();
        if (serverNoContextTakeover) {
            parameters.add(Parameter.flag(SERVER_NO_CONTEXT_TAKEOVER));
        }
        if (clientNoContextTakeover) {
            parameters.add(Parameter.flag(CLIENT_NO_CONTEXT_TAKEOVER));
        }
        serverMaxWindowBits.ifPresent(
                bits -> parameters.add(Parameter.of(SERVER_MAX_WINDOW_BITS, Integer.toString(bits))));
        if (clientMaxWindowBits.isPresent()) {
            parameters.add(Parameter.of(CLIENT_MAX_WINDOW_BITS, Integer.toString(clientMaxWindowBits.getAsInt())));
        } else if (boundsClientWindow) {
            parameters.add(Parameter.flag(CLIENT_MAX_WINDOW_BITS));
        }
        return new ExtensionOffer(EXTENSION, parameters);
    }

    private static void requireFlag(Parameter parameter) throws DeflateParameterException {
        if (parameter.value().isPresent()) {
            throw new DeflateParameterException(parameter.name() + " has value "
                    + HttpSyntax.quoted(parameter.value().get()) + " but takes none (RFC 7692 §7.1.1)");
        }
    }

    private static int bits(Parameter parameter) throws DeflateParameterException {
        if (parameter.value().isEmpty()) {
            throw new DeflateParameterException(parameter.name() + " has no value (RFC 7692 §7.1.2)");
        }
        return WindowBits.parse(parameter.value().get())
                .orElseThrow(() -> new DeflateParameterException(parameter.name() + " "
                        + HttpSyntax.quoted(parameter.value().get()) + " is not from 8 to 15 (RFC 7692 §7.1.2)"));
    }
}
