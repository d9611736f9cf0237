// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.cli;

import java.math.BigDecimal;
import java.time.Duration;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/**
 * A length of time as people write it: {@code 10}, {@code 2.5},
 * {@code 10s}, {@code 500ms}, {@code 2m}; or {@code forever}.
 */
record TimeSpan(Duration duration) {
    /** A hundred years: beyond any wait, and far from overflowing a clock that counts nanoseconds. */
    private static final Duration FOREVER = Duration.ofDays(36_500);

    private static final Pattern FORM = Pattern.compile("(\\d{1,9}(?:\\.\\d{1,3})?)\\s?(ms|s|m|h)?");

    /** {@return the span that a text means} @throws IllegalArgumentException if it means none */
    static TimeSpan parse(String text) {
        String lower = text.toLowerCase(Locale.ROOT);
        if (lower.equals("forever")) {
            return new TimeSpan(FOREVER);
        }
        Matcher form = FORM.matcher(lower);
        if (!form.matches()) {
            throw new IllegalArgumentException("'" + text + "' is no time; write 10, 2.5s, 500ms, 2m or forever");
        }
        long unitMillis = switch (form.group(2)) {
            case "ms" -> 1;
            case "m" -> 60_000;
            case "h" -> 3_600_000;
            case null, default -> 1000;
        };
        Duration span = Duration.ofMillis(new BigDecimal(form.group(1))
                .multiply(BigDecimal.valueOf(unitMillis))
                .longValue());
        return new TimeSpan(span.compareTo(FOREVER) > 0 ? FOREVER : span);
    }

    /** {@return a time as people say it, no finer than they care: {@code 300 ms}, {@code 1.2 s}, {@code 13 s}} */
    static String words(Duration time) {
        long millis = time.toMillis();
        if (millis < 1000) {
            return millis + " ms";
        }
        return millis < 10_000 ? String.format(Locale.ROOT, "%.1f s", millis / 1e3) : Math.round(millis / 1e3) + " s";
    }

    /** Lets picocli read spans. */
    static final class Converter implements ITypeConverter<TimeSpan> {
        @Override
        public TimeSpan convert(String value) {
            try {
                return parse(value);
            } catch (IllegalArgumentException e) {
                throw new TypeConversionException(e.getMessage());
            }
        }
    }
}
