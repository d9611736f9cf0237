// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.reconnect;

import dev.gibbon.Headers;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** What a refusal says about when to come back: Retry-After (RFC 9110 §10.2.3), in seconds or as a date. */
final class RetryAfter {
    private static final int MAX_DIGITS = 9; // 31 years, and far from the end of a long.

    /** The three forms of a date that a recipient must know (RFC 9110 §5.6.7); all are in UTC. */
    private static final List<DateTimeFormatter> DATES = List.of(
            DateTimeFormatter.ofPattern("EEE, dd MMM yyyy HH:mm:ss 'GMT'", Locale.ENGLISH),
            DateTimeFormatter.ofPattern("EEEE, dd-MMM-yy HH:mm:ss 'GMT'", Locale.ENGLISH),
            DateTimeFormatter.ofPattern("EEE MMM ppd HH:mm:ss yyyy", Locale.ENGLISH));

    private RetryAfter() {}

    /**
     * {@return how long to wait from now; empty if the headers do not say or say it
     * wrong} A date is measured against the reply's own Date, so that the difference
     * between two clocks does not matter; against {@code clock} where there is none.
     */
    static Optional<Duration> of(Headers headers, InstantSource clock) {
        List<String> values = headers.all("Retry-After");
        if (values.size() != 1) {
            return Optional.empty();
        }
        String value = values.getFirst();
        if (value.matches("[0-9]+")) {
            long seconds = value.length() > MAX_DIGITS ? Long.MAX_VALUE : Long.parseLong(value);
            return Optional.of(Duration.ofSeconds(seconds));
        }
        return date(value).map(then -> {
            Instant now = headers.first("Date").flatMap(RetryAfter::date).orElseGet(clock::instant);
            return then.isAfter(now) ? Duration.between(now, then) : Duration.ZERO;
        });
    }

    private static Optional<Instant> date(String value) {
        for (DateTimeFormatter format : DATES) {
            try {
                return Optional.of(LocalDateTime.parse(value, format).toInstant(ZoneOffset.UTC));
            } catch (DateTimeException _) {
                // Perhaps it is of the next form.
            }
        }
        return Optional.empty();
    }
}
