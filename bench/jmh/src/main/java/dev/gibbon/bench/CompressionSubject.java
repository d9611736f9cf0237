// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.bench;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.gibbon.deflate.DeflateAgreement.Direction;
import dev.gibbon.deflate.MessageDeflater;
import dev.gibbon.deflate.MessageInflater;
import dev.gibbon.deflate.ZlibPool;
import java.util.Arrays;
import java.util.Random;

/** What the measurements of compression have in common: the messages, and the forms under which they are sent. */
final class CompressionSubject {
    /** Together more than the largest window, so that none meets itself when they come round again. */
    private static final int BYTES_BEFORE_REPEAT = 128 * 1024;

    private CompressionSubject() {}

    /** Made-up trades as JSON, cut at the length; no two alike. */
    static byte[][] messages(int length) {
        Random random = new Random(length);
        byte[][] messages = new byte[Math.max(2, BYTES_BEFORE_REPEAT / length)][];
        for (int i = 0; i < messages.length; i++) {
            StringBuilder text = new StringBuilder("{\"type\":\"trade\",\"items\":[");
            while (text.length() < length) {
                text.append("{\"id\":").append(random.nextInt(1_000_000));
                text.append(",\"price\":").append(random.nextInt(10_000) / 100.0);
                text.append(",\"side\":\"").append(random.nextBoolean() ? "buy" : "sell");
                text.append("\",\"user\":\"user").append(random.nextInt(500)).append("\"},");
            }
            messages[i] = Arrays.copyOf(text.toString().getBytes(UTF_8), length);
        }
        return messages;
    }

    static MessageDeflater deflater(ZlibPool pool, String form) {
        return new MessageDeflater(pool, direction(form), form.equals("live"));
    }

    static MessageInflater inflater(ZlibPool pool, String form) {
        Direction sent = direction(form);
        return new MessageInflater(pool, new Direction(sent.contextTakeover(), sent.windowBits()));
    }

    /**
     * {@return what a form means}
     *
     * @param form {@code none} for no takeover, the bits of what a sender keeps and of the window such as
     *     {@code 12/15}, or {@code live} for a compressor that is kept
     */
    private static Direction direction(String form) {
        if (form.equals("none")) {
            return new Direction(false, 15);
        }
        if (form.equals("live")) {
            return new Direction(true, 15);
        }
        int slash = form.indexOf('/');
        return new Direction(
                true, Integer.parseInt(form.substring(slash + 1)), Integer.parseInt(form.substring(0, slash)));
    }
}
