// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.deflate;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/** Messages of the kinds that compress well, a little, and not at all; the same for the same seed. */
public final class Corpus {
    private static final String[] WORDS = {
        "socket",
        "frame",
        "window",
        "gibbon",
        "message",
        "the",
        "of",
        "and",
        "compress",
        "à la carte",
        "übermäßig",
        "日本語",
        "swing"
    };

    private Corpus() {}

    /** {@return JSON, the last item cut} */
    public static byte[] json(Random random, int length) {
        StringBuilder text = new StringBuilder("{\"type\":\"trade\",\"items\":[");
        while (text.length() < length) {
            text.append("{\"id\":").append(random.nextInt(1_000_000));
            text.append(",\"price\":").append(random.nextInt(10_000) / 100.0);
            text.append(",\"side\":\"").append(random.nextBoolean() ? "buy" : "sell");
            text.append("\",\"user\":\"user").append(random.nextInt(500)).append("\"},");
        }
        return Arrays.copyOf(text.toString().getBytes(UTF_8), length);
    }

    /** {@return words, some not of ASCII, the last one cut} */
    public static byte[] text(Random random, int length) {
        StringBuilder text = new StringBuilder();
        while (text.length() < length) {
            text.append(WORDS[random.nextInt(WORDS.length)]).append(random.nextInt(9) == 0 ? ".\n" : " ");
        }
        return Arrays.copyOf(text.toString().getBytes(UTF_8), length);
    }

    /** {@return what does not compress} */
    public static byte[] noise(Random random, int length) {
        byte[] bytes = new byte[length];
        random.nextBytes(bytes);
        return bytes;
    }

    static byte[] zeros(int length) {
        return new byte[length];
    }

    /** {@return messages of all kinds and of lengths around every window} */
    static List<byte[]> messages(Random random, int windowBits) {
        List<byte[]> messages = new ArrayList<>();
        int window = 1 << windowBits;
        for (int length : new int[] {
            0,
            1,
            2,
            3,
            17,
            100,
            window / 2 - 1,
            window / 2,
            window / 2 + 1,
            window - 1,
            window,
            window + 1,
            2 * window + 3,
            40_000
        }) {
            messages.add(json(random, length));
            messages.add(text(random, length));
            messages.add(noise(random, length));
            messages.add(zeros(length));
        }
        byte[] again = noise(random, window - 10);
        messages.add(again);
        messages.add(again); // Repeats from just within the window,
        byte[] twice = Arrays.copyOf(again, 2 * again.length);
        System.arraycopy(again, 0, twice, again.length, again.length);
        messages.add(twice); // and within one message.
        return messages;
    }
}
