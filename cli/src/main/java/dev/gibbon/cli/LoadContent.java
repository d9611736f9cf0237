// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.cli;

import dev.gibbon.Message;
import java.util.List;
import java.util.SplittableRandom;

/** What the messages of a load are made of. */
enum LoadContent {
    /** Binary messages of random bytes. */
    BINARY("binary"),
    /** Text messages of random ASCII letters, digits and signs. */
    ASCII("ASCII text"),
    /** Text messages of random characters of one to four bytes. */
    UTF_8("UTF-8 text"),
    /** Text messages that look like what services say to each other, and compress as such. */
    RECORDS("JSON text");

    /** One range of characters for each length that UTF-8 has: ASCII, Cyrillic, Han, pictographs. */
    private static final int[][] RANGES = {{'0', 'o'}, {0x410, 0x44F}, {0x4E00, 0x9FA5}, {0x1F600, 0x1F64F}};

    private static final List<String> SYMBOLS = List.of("GIBB", "SIAM", "LARX", "HOOL", "NOMA");

    private final String description;

    LoadContent(String description) {
        this.description = description;
    }

    boolean isText() {
        return this != BINARY;
    }

    /**
     * {@return a message of {@code size} bytes, the first {@code marked}
     * of which may be overwritten by any others of the same content}
     */
    Message random(SplittableRandom random, int size, int marked) {
        if (this == BINARY) {
            byte[] bytes = new byte[size];
            random.nextBytes(bytes);
            return Message.binary(bytes);
        }
        StringBuilder text = new StringBuilder(size);
        if (this == RECORDS) {
            while (text.length() < size) {
                text.append(record(random));
            }
            text.setLength(size);
            return Message.text(text.toString());
        }
        int bytes = 0;
        while (bytes < size) {
            int longest = Math.min(RANGES.length, size - bytes);
            int length = this == ASCII || bytes < marked ? 1 : random.nextInt(1, longest + 1);
            int[] range = RANGES[length - 1];
            text.appendCodePoint(random.nextInt(range[0], range[1] + 1));
            bytes += length;
        }
        return Message.text(text.toString());
    }

    private static String record(SplittableRandom random) {
        return "{\"id\":" + random.nextInt(1_000_000) + ",\"symbol\":\"" + SYMBOLS.get(random.nextInt(SYMBOLS.size()))
                + "\",\"price\":" + random.nextInt(10_000) + '.' + random.nextInt(10, 100) + ",\"size\":"
                + random.nextInt(1, 500) + ",\"side\":\"" + (random.nextBoolean() ? "buy" : "sell")
                + "\",\"time\":\"2026-11-22T" + random.nextInt(10, 24) + ':' + random.nextInt(10, 60) + ":00Z\"},";
    }

    @Override
    public String toString() {
        return description;
    }
}
