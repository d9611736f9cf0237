// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.connection;

import dev.gibbon.CloseCode;
import dev.gibbon.ProtocolException;
import dev.gibbon.support.Rate;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** How many messages may come of one connection, or of all of one address or user, and what was used. Any thread. */
public final class MessageQuota {
    /**
     * How much that is.
     *
     * @param messages how many messages
     * @param bytes how many bytes of theirs, uncompressed; null for any
     * @param closes whether a connection is closed beyond it, and not only read more slowly
     */
    public record Terms(Rate messages, @Nullable Rate bytes, boolean closes) {}

    private final Terms terms;
    private final String whose;
    private final AtomicLong messages;
    private final AtomicLong bytes;

    /**
     * Nothing is used yet.
     *
     * @param whose whose it is, for the log, such as {@code one address}
     * @param now on the engine's clock
     */
    public MessageQuota(Terms terms, String whose, long now) {
        this.terms = terms;
        this.whose = whose;
        messages = new AtomicLong(now);
        bytes = new AtomicLong(now);
    }

    /** {@return whether all that was used has come back} */
    public boolean isUnused(long now) {
        return messages.get() - now <= 0 && bytes.get() - now <= 0;
    }

    /**
     * Takes the place of a message; {@return in how many nanoseconds that is, 0 for now}
     *
     * @throws ProtocolException with 1008 if it is not now, and connections are closed beyond the quota; no place is
     *     taken then
     */
    long reserve(long now) throws ProtocolException {
        long owed = terms.bytes() == null ? 0 : terms.bytes().debt(bytes, now);
        long wait = Math.max(owed, terms.messages().reserve(messages, now));
        if (wait > 0 && terms.closes()) {
            giveBack();
            throw new ProtocolException(CloseCode.POLICY_VIOLATION, excess(now));
        }
        return wait;
    }

    /** The place is not needed. */
    void giveBack() {
        terms.messages().giveBack(messages);
    }

    /** A part of a message has come. */
    void spend(long now, long count) {
        if (terms.bytes() != null) {
            terms.bytes().spend(bytes, now, count);
        }
    }

    /** {@return what there is more of than there may be, for the log} */
    String excess(long now) {
        Rate most = terms.bytes();
        return most != null && most.debt(bytes, now) > 0
                ? "more than " + most.perSecond() + " bytes a second of " + whose
                : "more than " + terms.messages().perSecond() + " messages a second of " + whose;
    }
}
