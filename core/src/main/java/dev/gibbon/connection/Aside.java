// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.connection;

import dev.gibbon.frame.Opcode;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/**
 * Messages of one connection that are to be sent, in this order, and have not come to its queue yet: those that were
 * broadcast, and those that a loop's thread writes while another thread has a message open. What is broadcast waits
 * here as a reference to bytes that all members share. Made for the first such message. Guarded by the send lock.
 */
public final class Aside {
    /** What a message counts for beside its bytes where a connection's queue is bounded: tiny ones cost memory, too. */
    private static final int COST = 64;

    /** What waits: a prepared message in the encoding that this connection needs, or one that was written. */
    sealed interface Item permits EncodedMessage.Encoding, Written {
        /** {@return how many bytes there are to send, but for headers} */
        int bytes();
    }

    /**
     * A message that was written.
     *
     * @param payload never changed any more
     * @param compress whether to compress it
     */
    record Written(Opcode opcode, byte[] payload, boolean compress) implements Item {
        static Written copyOf(Opcode opcode, ByteBuffer payload, boolean compress) {
            byte[] copy = new byte[payload.remaining()];
            payload.get(copy);
            return new Written(opcode, copy, compress);
        }

        @Override
        public int bytes() {
            return payload.length;
        }
    }

    /** What became of a message that was {@linkplain #offerLocked offered}. */
    enum Offer {
        /** It waits, and so does somebody who will send it. */
        QUEUED,
        /** It waits, and the caller must see to it that it is {@linkplain Sender#sendOffered sent}. */
        QUEUED_FIRST,
        /** Too much waits already. */
        MISSED,
        /** The connection is closing or gone. */
        CLOSED
    }

    private final Output output;

    /** Null unless permessage-deflate was agreed on. */
    private final @Nullable Compressor compressor;

    /** Null while nothing waits, as nearly always. */
    private @Nullable ArrayDeque<Item> items;

    private long bytes;

    /** How many broadcast messages were not queued for want of room. */
    private long missed;

    /** Whether somebody is about to send what was offered. */
    private boolean offeredSoon;

    Aside(Output output, @Nullable Compressor compressor) {
        this.output = output;
        this.compressor = compressor;
    }

    /** Adds a message that is broadcast, unless more than so many bytes wait already, here and in the queue. */
    Offer offerLocked(EncodedMessage.Encoding encoding, long maxQueuedBytes) {
        if (!output.sendableLocked()) {
            return Offer.CLOSED;
        }
        long waiting = output.inQueueLocked() + bytes + costLocked();
        if (waiting > maxQueuedBytes / 2) {
            output.congestLocked(bytes);
        }
        if (waiting > maxQueuedBytes) {
            missed++;
            return Offer.MISSED;
        }
        addLocked(encoding);
        boolean first = !offeredSoon;
        offeredSoon = true;
        return first ? Offer.QUEUED_FIRST : Offer.QUEUED;
    }

    /** Whoever was to send what was offered does it now: the next offer needs somebody again. */
    void sendsOfferedLocked() {
        offeredSoon = false;
    }

    void addLocked(Item item) {
        assert output.holdsLock();
        ArrayDeque<Item> waiting = items;
        if (waiting == null) {
            waiting = new ArrayDeque<>(2);
            items = waiting;
        }
        waiting.add(item);
        bytes += item.bytes();
    }

    /** Appends what waits, in order, until the batch has about so many bytes. Not while a message is open. */
    void takeLocked(long most) {
        assert output.holdsLock();
        if (!output.sendableLocked()) {
            clearLocked(); // §5.5.1: nothing follows a Close frame.
            return;
        }
        ArrayDeque<Item> waiting = items;
        if (waiting == null) {
            return;
        }
        while (!waiting.isEmpty() && output.batchLocked().bytes() < most) {
            Item next = waiting.remove();
            bytes -= next.bytes();
            appendLocked(next);
        }
        if (waiting.isEmpty()) {
            items = null;
        }
    }

    private void appendLocked(Item message) {
        switch (message) {
            case EncodedMessage.Encoding prepared -> {
                // Never changes, so the batch may keep it.
                boolean _ = prepared.appendLocked(output, compressor);
            }
            case Written written -> {
                if (appendWrittenLocked(written)) {
                    output.batchLocked().own();
                }
            }
        }
    }

    private boolean appendWrittenLocked(Written message) {
        Compressor codec = compressor;
        if (codec != null && message.compress()) {
            return codec.appendMessageLocked(output, message.opcode(), ByteBuffer.wrap(message.payload()));
        }
        boolean borrowed = output.batchLocked().append(output.outbound(), message.opcode(), message.payload());
        output.countLocked();
        return borrowed;
    }

    /** Lets go of all that waits: it will not be sent. */
    void clearLocked() {
        items = null;
        bytes = 0;
    }

    boolean isEmptyLocked() {
        return items == null;
    }

    /** {@return how many bytes wait} */
    long bytesLocked() {
        return bytes;
    }

    /** {@return what all of it counts for beside its bytes} */
    private long costLocked() {
        ArrayDeque<Item> waiting = items;
        return waiting == null ? 0 : (long) COST * waiting.size();
    }

    /** {@return how many broadcast messages were not queued for want of room} */
    long missedLocked() {
        return missed;
    }
}
