// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.frame;

import java.nio.ByteBuffer;
import java.util.Objects;

/**
 * Tells whether the bytes of a text message are UTF-8 (RFC 6455 §8.1, RFC 3629 §4), as they come: a message may be
 * cut anywhere, by fragments or by buffers, and is found out at its first impossible byte.
 *
 * <p>Not for use by several threads.
 */
public final class Utf8Validator {
    /*
     * The grammar of RFC 3629 §4 as a state machine. All its transitions for one byte stand in one long, six bits for
     * each state; a state is the number of the bit where its six begin. So a step is
     * `state = TRANSITIONS[byte] >>> state`: the shift itself takes only the low six bits of the state, the rest need
     * not be cleared, and no step has a branch.
     *
     *   state       what may come                   then
     *   REJECT      nothing                         REJECT, for good: also what every byte not listed here leads to
     *   ACCEPT      00-7F                           ACCEPT
     *               C2-DF                           TAIL_1      (C0, C1 would be overlong)
     *               E0                              AFTER_E0
     *               E1-EC, EE-EF                    TAIL_2
     *               ED                              AFTER_ED
     *               F0                              AFTER_F0
     *               F1-F3                           TAIL_3
     *               F4                              AFTER_F4    (F5-FF would be above U+10FFFF)
     *   TAIL_1..3   80-BF                           one fewer to come
     *   AFTER_E0    A0-BF (80-9F is overlong)       TAIL_1
     *   AFTER_ED    80-9F (A0-BF is a surrogate)    TAIL_1
     *   AFTER_F0    90-BF (80-8F is overlong)       TAIL_2
     *   AFTER_F4    80-8F (90-BF: above U+10FFFF)   TAIL_2
     */
    private static final int STATE_BITS = 6;
    private static final int STATE_MASK = (1 << STATE_BITS) - 1;

    private static final int REJECT = 0;
    private static final int ACCEPT = STATE_BITS;
    private static final int TAIL_1 = 2 * STATE_BITS;
    private static final int TAIL_2 = 3 * STATE_BITS;
    private static final int TAIL_3 = 4 * STATE_BITS;
    private static final int AFTER_E0 = 5 * STATE_BITS;
    private static final int AFTER_ED = 6 * STATE_BITS;
    private static final int AFTER_F0 = 7 * STATE_BITS;
    private static final int AFTER_F4 = 8 * STATE_BITS;

    private static final long[] TRANSITIONS = transitions();

    /** The bit that no ASCII byte has, in each byte of a long. */
    private static final long NOT_ASCII = 0x8080_8080_8080_8080L;

    /** How many bytes go through the state machine before the next look for a run of ASCII, or at a failure. */
    private static final int STEP_BYTES = 16;

    private int state = ACCEPT;

    /** Starts before the first byte of a message. */
    public Utf8Validator() {}

    /**
     * Takes the next bytes of the message.
     *
     * @param buffer holds them; neither its position nor its byte order matters
     * @param from index of the first of them
     * @param to index after the last
     * @return {@code false} if no UTF-8 text begins with the bytes so far, and from then on until {@link #reset}
     * @throws IndexOutOfBoundsException if the range is not within the buffer's limit
     */
    public boolean accept(ByteBuffer buffer, int from, int to) {
        Objects.checkFromToIndex(from, to, buffer.limit());
        int index = from;
        long current = state;
        while (index < to) {
            if (current == ACCEPT) {
                index = skipAscii(buffer, index, to);
            }
            int stop = Math.min(to, index + STEP_BYTES);
            for (; index < stop; index++) {
                current = TRANSITIONS[buffer.get(index) & 0xFF] >>> current;
            }
            current &= STATE_MASK;
            if (current == REJECT) {
                break;
            }
        }
        state = (int) current;
        return state != REJECT;
    }

    /** {@return whether the message may end here: all bytes so far are UTF-8 and no code point is cut} */
    public boolean complete() {
        return state == ACCEPT;
    }

    /** Starts again, before the first byte of another message. */
    public void reset() {
        state = ACCEPT;
    }

    /**
     * {@return the index of the first surrogate in {@code s} that is no half of a pair, or -1 if there is none} A
     * string that has one has no UTF-8 form.
     *
     * @param s what is to be sent as text
     */
    public static int invalidSurrogateIndex(CharSequence s) {
        int length = s.length();
        for (int i = 0; i < length; i++) {
            char c = s.charAt(i);
            if (Character.isSurrogate(c)) {
                if (Character.isLowSurrogate(c) || i + 1 == length || !Character.isLowSurrogate(s.charAt(i + 1))) {
                    return i;
                }
                i++;
            }
        }
        return -1;
    }

    /** {@return the index of the first eight bytes, in steps of eight from {@code from}, that are not all ASCII} */
    private static int skipAscii(ByteBuffer buffer, int from, int to) {
        int index = from;
        while (index <= to - Long.BYTES && (buffer.getLong(index) & NOT_ASCII) == 0) {
            index += Long.BYTES;
        }
        return index;
    }

    private static long[] transitions() {
        long[] table = new long[256]; // nothing but REJECT
        put(table, ACCEPT, 0x00, 0x7F, ACCEPT);
        put(table, ACCEPT, 0xC2, 0xDF, TAIL_1);
        put(table, ACCEPT, 0xE0, 0xE0, AFTER_E0);
        put(table, ACCEPT, 0xE1, 0xEC, TAIL_2);
        put(table, ACCEPT, 0xED, 0xED, AFTER_ED);
        put(table, ACCEPT, 0xEE, 0xEF, TAIL_2);
        put(table, ACCEPT, 0xF0, 0xF0, AFTER_F0);
        put(table, ACCEPT, 0xF1, 0xF3, TAIL_3);
        put(table, ACCEPT, 0xF4, 0xF4, AFTER_F4);
        put(table, TAIL_1, 0x80, 0xBF, ACCEPT);
        put(table, TAIL_2, 0x80, 0xBF, TAIL_1);
        put(table, TAIL_3, 0x80, 0xBF, TAIL_2);
        put(table, AFTER_E0, 0xA0, 0xBF, TAIL_1);
        put(table, AFTER_ED, 0x80, 0x9F, TAIL_1);
        put(table, AFTER_F0, 0x90, 0xBF, TAIL_2);
        put(table, AFTER_F4, 0x80, 0x8F, TAIL_2);
        return table;
    }

    private static void put(long[] table, int state, int first, int last, int next) {
        for (int b = first; b <= last; b++) {
            table[b] |= (long) next << state;
        }
    }
}
