// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.support;

import java.time.Duration;
import java.util.List;
import java.util.Objects;

/** What builders ask of their arguments, each in its setter; a message has the name, the bound and the value. */
public final class Arguments {
    /** What a count of nanoseconds in a {@code long} can hold, about 292 years. */
    private static final Duration LONGEST = Duration.ofNanos(Long.MAX_VALUE);

    private Arguments() {}

    /** {@return {@code value}, which is 1 or more} */
    public static int positive(String name, int value) {
        return (int) positive(name, (long) value);
    }

    /** {@return {@code value}, which is 1 or more} */
    public static long positive(String name, long value) {
        if (value < 1) {
            throw new IllegalArgumentException(name + " must be positive: " + value);
        }
        return value;
    }

    /** {@return {@code value}, which is 0 or more} */
    public static int notNegative(String name, int value) {
        return (int) notNegative(name, (long) value);
    }

    /** {@return {@code value}, which is 0 or more} */
    public static long notNegative(String name, long value) {
        if (value < 0) {
            throw new IllegalArgumentException(name + " must not be negative: " + value);
        }
        return value;
    }

    /** {@return {@code value}, which is from {@code least} to {@code most}} */
    public static int within(String name, int value, int least, int most) {
        if (value < least || value > most) {
            throw new IllegalArgumentException(name + " must be from " + least + " to " + most + ": " + value);
        }
        return value;
    }

    /** {@return {@code value}, which is positive, and no longer than nanoseconds can count} */
    public static Duration positive(String name, Duration value) {
        if (!Objects.requireNonNull(value, name).isPositive()) {
            throw new IllegalArgumentException(name + " must be positive: " + value);
        }
        if (value.compareTo(LONGEST) > 0) {
            throw new IllegalArgumentException(name + " must be at most 292 years: " + value);
        }
        return value;
    }

    /** {@return {@code value}, which is zero or more, and no longer than nanoseconds can count} */
    public static Duration notNegative(String name, Duration value) {
        if (Objects.requireNonNull(value, name).isNegative()) {
            throw new IllegalArgumentException(name + " must not be negative: " + value);
        }
        return value.isZero() ? value : positive(name, value);
    }

    /** {@return the values, none of them null} */
    public static <T> List<T> list(String name, T[] values) {
        for (int i = 0; i < Objects.requireNonNull(values, name).length; i++) {
            T _ = Objects.requireNonNull(values[i], name + "[" + i + "]");
        }
        return List.of(values);
    }
}
