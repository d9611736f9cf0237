// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.handshake;

import java.util.ArrayList;
import java.util.List;

/** Comma-separated lists of tokens, which may be spread over several field lines (RFC 9110 §5.6.1). */
public final class TokenList {
    private TokenList() {}

    /**
     * {@return whether a list that others wrote into, such as Connection or Upgrade, has the element {@code token},
     * ASCII case aside}
     *
     * <p>Lenient where the rest does not concern us: empty elements are skipped, an element may have a version
     * ({@code TLS/1.0}), and a line that breaks the grammar counts up to the fault.
     *
     * @param lines the field's lines in order
     * @param token what to look for
     */
    public static boolean contains(List<? extends CharSequence> lines, String token) {
        for (int i = 0; i < lines.size(); i++) { // No iterator: each request comes here three times.
            if (lineContains(lines.get(i), token)) {
                return true;
            }
        }
        return false;
    }

    /**
     * {@return the elements of a list of tokens that must be well-formed; empty elements are skipped, as a recipient of
     * any list must (RFC 9110 §5.6.1.2)}
     *
     * @param lines the field's lines in order
     * @throws FieldSyntaxException if any line breaks the grammar
     */
    public static List<String> parse(List<? extends CharSequence> lines) throws FieldSyntaxException {
        List<String> tokens = new ArrayList<>();
        for (CharSequence line : lines) {
            FieldScanner scanner = new FieldScanner(line);
            scanner.skipBlanks();
            do {
                if (!scanner.atEnd() && !scanner.nextIs(',')) {
                    tokens.add(scanner.token("a token"));
                }
            } while (scanner.take(','));
            if (!scanner.atEnd()) {
                throw scanner.expected("a comma");
            }
        }
        return List.copyOf(tokens);
    }

    private static boolean lineContains(CharSequence line, String token) {
        FieldScanner scanner = new FieldScanner(line);
        scanner.skipBlanks();
        try {
            while (!scanner.atEnd()) {
                if (scanner.take(',')) {
                    continue;
                }
                boolean named = scanner.tokenIs(token, "a token");
                boolean versioned = scanner.take('/');
                if (versioned) {
                    scanner.token("a version");
                }
                boolean whole = scanner.atEnd() || scanner.nextIs(',');
                if (!whole) {
                    return false;
                }
                if (named && !versioned) {
                    return true;
                }
            }
            return false;
        } catch (FieldSyntaxException _) {
            return false;
        }
    }
}
