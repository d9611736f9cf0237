// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.http;

import java.util.ArrayList;
import java.util.List;

/**
 * Cookies of a request (RFC 6265 §4.2.1, §5.4), read as browsers and other clients write them: whatever is no pair is
 * passed over, blanks around names and values do not count, nor do quotes around a value.
 */
public final class CookieField {
    private CookieField() {}

    /** {@return the values of all cookies of that name, in order} */
    public static List<String> find(List<String> fields, String name) {
        List<String> values = new ArrayList<>();
        for (String field : fields) {
            int end;
            for (int at = 0; at < field.length(); at = end + 1) {
                int semicolon = field.indexOf(';', at);
                end = semicolon < 0 ? field.length() : semicolon;
                int equals = field.indexOf('=', at, end);
                if (equals >= 0 && trimmed(field, at, equals).equals(name)) {
                    values.add(unquoted(trimmed(field, equals + 1, end)));
                }
            }
        }
        return List.copyOf(values);
    }

    private static String trimmed(String field, int from, int to) {
        int begin = from;
        int end = to;
        while (begin < end && HttpSyntax.isOws(field.charAt(begin))) {
            begin++;
        }
        while (end > begin && HttpSyntax.isOws(field.charAt(end - 1))) {
            end--;
        }
        return field.substring(begin, end);
    }

    private static String unquoted(String value) {
        boolean quoted = value.length() >= 2 && value.startsWith("\"") && value.endsWith("\"");
        return quoted ? value.substring(1, value.length() - 1) : value;
    }
}
