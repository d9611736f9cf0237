// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.handshake;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/** The Sec-WebSocket-Extensions field (RFC 6455 §9.1). */
public final class ExtensionList {
    /** How many offers one request may hold. Browsers send one. */
    public static final int MAX_OFFERS = 32;

    private ExtensionList() {}

    /**
     * {@return the extensions that the field lists, in order, which is the client's preference}
     *
     * <p>All or nothing: a field that breaks the grammar anywhere is refused as a whole. Empty elements break nothing
     * and are skipped (RFC 9110 §5.6.1.2). Names and values are left as spelled.
     *
     * @param lines the field's lines in order; none gives an empty list
     * @throws FieldSyntaxException if a line breaks the grammar, or there are more than {@value #MAX_OFFERS} offers
     */
    public static List<ExtensionOffer> parse(List<? extends CharSequence> lines) throws FieldSyntaxException {
        if (lines.isEmpty()) {
            return List.of();
        }
        List<ExtensionOffer> offers = new ArrayList<>();
        for (CharSequence line : lines) {
            FieldScanner scanner = new FieldScanner(line);
            scanner.skipBlanks();
            do {
                if (!scanner.atEnd() && !scanner.nextIs(',')) {
                    offers.add(offer(scanner));
                }
                if (offers.size() > MAX_OFFERS) {
                    throw new FieldSyntaxException("more than " + MAX_OFFERS + " extension offers");
                }
            } while (scanner.take(','));
            if (!scanner.atEnd()) {
                throw scanner.expected("a comma or semicolon");
            }
        }
        return List.copyOf(offers);
    }

    /**
     * {@return the value of a field that lists {@code extensions}}
     *
     * @param extensions what to list, in order
     */
    public static String format(List<ExtensionOffer> extensions) {
        return extensions.stream().map(ExtensionOffer::toString).collect(Collectors.joining(", "));
    }

    private static ExtensionOffer offer(FieldScanner scanner) throws FieldSyntaxException {
        String name = scanner.token("an extension name");
        List<ExtensionOffer.Parameter> parameters = new ArrayList<>();
        while (scanner.take(';')) {
            String parameter = scanner.token("a parameter name");
            Optional<String> value = scanner.take('=') ? Optional.of(value(scanner)) : Optional.empty();
            parameters.add(new ExtensionOffer.Parameter(parameter, value));
        }
        return new ExtensionOffer(name, parameters);
    }

    private static String value(FieldScanner scanner) throws FieldSyntaxException {
        return scanner.nextIs('"') ? scanner.quotedToken() : scanner.token("a parameter value");
    }
}
