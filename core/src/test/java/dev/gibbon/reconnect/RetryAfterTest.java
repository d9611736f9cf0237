// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.reconnect;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.gibbon.Headers;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RetryAfterTest {
    private static final InstantSource CLOCK = InstantSource.fixed(Instant.parse("1994-11-06T08:49:07Z"));

    private static Optional<Duration> of(String... fields) {
        return RetryAfter.of(Headers.of(fields), CLOCK);
    }

    @Test
    void secondsAreTakenAsTheyAre() {
        assertEquals(Optional.of(Duration.ofSeconds(121)), of("retry-after", "121"));
        assertEquals(Optional.of(Duration.ZERO), of("Retry-After", "0"));
    }

    @Test
    void secondsBeyondAnyMeaningDoNotOverflow() {
        assertEquals(Optional.of(Duration.ofSeconds(Long.MAX_VALUE)), of("Retry-After", "99999999999999999999999999"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"Sun, 06 Nov 1994 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"})
    void aDateIsMeasuredAgainstTheClock(String date) {
        assertEquals(Optional.of(Duration.ofSeconds(30)), of("Retry-After", date));
    }

    @Test
    void aDateOfTheOldFormIsOfThisCentury() {
        InstantSource clock = InstantSource.fixed(Instant.parse("2033-11-06T08:49:07Z"));
        assertEquals(
                Optional.of(Duration.ofSeconds(30)),
                RetryAfter.of(Headers.of("Retry-After", "Sunday, 06-Nov-33 08:49:37 GMT"), clock));
    }

    @Test
    void aDateIsMeasuredAgainstTheServersOwnClockIfItShowsIt() {
        assertEquals(
                Optional.of(Duration.ofSeconds(20)),
                of("Date", "Sat, 01 Jan 2000 00:00:00 GMT", "Retry-After", "Sat, 01 Jan 2000 00:00:20 GMT"));
    }

    @Test
    void aDateThatHasPassedMeansNow() {
        assertEquals(Optional.of(Duration.ZERO), of("Retry-After", "Sun, 06 Nov 1994 08:49:00 GMT"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "-1", "1.5", "soon", "Sun, 06 Nov 1994 08:49:37 CET", "Mon, 06 Nov 1994 08:49:37 GMT"})
    void nonsenseSaysNothing(String value) {
        assertEquals(Optional.empty(), of("Retry-After", value));
    }

    @Test
    void twoValuesSayNothing() {
        assertEquals(Optional.empty(), of("Retry-After", "1", "Retry-After", "2"));
        assertEquals(Optional.empty(), of());
    }
}
