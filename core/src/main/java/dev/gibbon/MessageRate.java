// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import dev.gibbon.connection.MessageQuota;
import dev.gibbon.support.Arguments;
import dev.gibbon.support.Rate;
import java.util.OptionalInt;

/**
 * How many messages may come in a second, and what becomes of more: they wait. The connection is read no further until
 * the next message's time has come, so that TCP slows its peer down; nothing is lost, and frames behind that message
 * wait as well, Pings included. Or the connection is {@linkplain #orClose closed}. Immutable.
 *
 * <pre>{@code
 * Upgrader.builder().messageRate(MessageRate.perSecond(20).burst(100).bytesPerSecond(256 * 1024))
 * }</pre>
 */
public final class MessageRate {
    private static final int MAX_MESSAGES = 1_000_000;
    private static final int MAX_BYTES = 1_000_000_000;

    private final int messages;
    private final int burst;
    private final OptionalInt bytes;
    private final boolean closes;

    private MessageRate(int messages, int burst, OptionalInt bytes, boolean closes) {
        this.messages = messages;
        this.burst = burst;
        this.bytes = bytes;
        this.closes = closes;
    }

    /**
     * {@return so many messages a second, and as many at once}
     *
     * @param messages 1 to 1 000 000
     * @throws IllegalArgumentException if it is none of these
     */
    public static MessageRate perSecond(int messages) {
        int rate = Arguments.within("messages", messages, 1, MAX_MESSAGES);
        return new MessageRate(rate, rate, OptionalInt.empty(), false);
    }

    /**
     * {@return the same, but that so many may come at once from those who sent few before}
     *
     * @param most 1 to 1 000 000; a second's worth unless set
     * @throws IllegalArgumentException if it is none of these
     */
    public MessageRate burst(int most) {
        return new MessageRate(messages, Arguments.within("most", most, 1, MAX_MESSAGES), bytes, closes);
    }

    /**
     * {@return the same, with a bound for the bytes of the messages, uncompressed} A second's worth may come at once. A
     * message that has begun is taken whole, and the next one comes when its bytes are made up for.
     *
     * @param most 1 to 1 000 000 000; unlimited unless set
     * @throws IllegalArgumentException if it is none of these
     */
    public MessageRate bytesPerSecond(int most) {
        return new MessageRate(messages, burst, OptionalInt.of(Arguments.within("most", most, 1, MAX_BYTES)), closes);
    }

    /**
     * {@return the same, but that a connection beyond it is closed with 1008} For peers of which it is known that they
     * have no reason to send as much. Where connections have a rate together, it is the one whose message is too many.
     */
    public MessageRate orClose() {
        return new MessageRate(messages, burst, bytes, true);
    }

    MessageQuota.Terms terms() {
        return new MessageQuota.Terms(
                new Rate(messages, burst),
                bytes.isPresent() ? new Rate(bytes.getAsInt(), bytes.getAsInt()) : null,
                closes);
    }

    /** {@return it in words, for a log} */
    @Override
    public String toString() {
        return messages + " messages a second, " + burst + " at once"
                + (bytes.isPresent() ? ", " + bytes.getAsInt() + " bytes a second" : "") + (closes ? ", or 1008" : "");
    }
}
