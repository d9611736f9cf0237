// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.testkit;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;

/**
 * Something that a {@link Recorder} saw.
 *
 * @param kind what it was, such as "text" or "close"
 * @param details what came with it; arrays and buffers of bytes are kept as their hex digits
 */
public record Happening(String kind, List<Object> details) {
    /** Keeps a copy of the details. */
    public Happening {
        details = details.stream().map(Happening::settled).toList();
    }

    static Happening of(String kind, Object... details) {
        return new Happening(kind, Arrays.asList(details));
    }

    private static Object settled(Object detail) {
        return switch (detail) {
            case byte[] bytes -> new Bytes(Show.hex(bytes));
            case ByteBuffer buffer -> {
                byte[] bytes = new byte[buffer.remaining()];
                buffer.duplicate().get(bytes);
                yield new Bytes(Show.hex(bytes));
            }
            default -> detail;
        };
    }

    /** {@return the kind and the details, bounded and escaped} */
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder(kind);
        for (Object detail : details) {
            text.append(' ')
                    .append(detail instanceof CharSequence ? Show.quoted(detail.toString()) : Show.bounded(detail));
        }
        return text.toString();
    }

    /** Bytes as they were at the time, fit to compare. */
    private record Bytes(String hex) {
        @Override
        public String toString() {
            return "0x" + hex;
        }
    }
}
