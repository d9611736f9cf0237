// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.cli;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/**
 * A number of bytes that one array can hold, as people write it: {@code 512}, {@code 64k}, {@code 1MiB}. Letters stand
 * for powers of 1024, in either case and with or without {@code iB} or {@code B}.
 */
record ByteSize(int bytes) {
    /** What a JVM gives a single array, and so a message that is read whole. */
    private static final int MAX = Integer.MAX_VALUE - 8;

    private static final Pattern FORM = Pattern.compile("(\\d{1,18})\\s?(?:([kmg])(?:ib|b)?|b)?");
    private static final String UNITS = "kmg";

    /** {@return the size that a text means} @throws IllegalArgumentException if it means none */
    static ByteSize parse(String text) {
        Matcher form = FORM.matcher(text.toLowerCase(Locale.ROOT));
        if (!form.matches()) {
            throw new IllegalArgumentException("'" + text + "' is no size; write 512, 64k or 1MiB");
        }
        int shift = form.group(2) == null ? 0 : 10 * (UNITS.indexOf(form.group(2)) + 1);
        long count = Long.parseLong(form.group(1));
        if (count == 0 || count > (long) MAX >> shift) {
            throw new IllegalArgumentException("'" + text + "' is not between 1 byte and " + MAX + " bytes");
        }
        return new ByteSize((int) (count << shift));
    }

    /** {@return the size with the largest unit that divides it} */
    @Override
    public String toString() {
        if (bytes % (1 << 30) == 0) {
            return (bytes >> 30) + " GiB";
        }
        if (bytes % (1 << 20) == 0) {
            return (bytes >> 20) + " MiB";
        }
        return bytes % (1 << 10) == 0 ? (bytes >> 10) + " KiB" : bytes + (bytes == 1 ? " byte" : " bytes");
    }

    /** Lets picocli read sizes. */
    static final class Converter implements ITypeConverter<ByteSize> {
        @Override
        public ByteSize convert(String value) {
            try {
                return parse(value);
            } catch (IllegalArgumentException e) {
                throw new TypeConversionException(e.getMessage());
            }
        }
    }
}
