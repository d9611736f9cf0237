// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.bench.peers;

import java.math.BigDecimal;
import java.util.Locale;
import java.util.OptionalDouble;

/** Figures as the report writes them. */
final class Numbers {
    /** What stands where there is no figure. */
    static final String NONE = "–";

    private Numbers() {}

    /** {@return three digits, or all of those before the point; {@value #NONE} if there is no figure} */
    static String figure(OptionalDouble value) {
        if (value.isEmpty()) {
            return NONE;
        }
        double number = value.getAsDouble();
        double size = Math.abs(number);
        // What is less than half a thousandth is noise, and 1.2E-7 is no figure for a table.
        String form = size >= 100 ? "%.0f" : size >= 10 ? "%.1f" : size >= 1 ? "%.2f" : size >= 0.0005 ? "%.3f" : "0";
        return String.format(Locale.ROOT, form, number);
    }

    /** {@return two digits after the point} */
    static String ratio(OptionalDouble value) {
        return value.isEmpty() ? NONE : String.format(Locale.ROOT, "%.2f", value.getAsDouble());
    }

    /** {@return a number as it was written down: without digits that say nothing} */
    static String plain(double value) {
        return new BigDecimal(Double.toString(value)).stripTrailingZeros().toPlainString();
    }
}
