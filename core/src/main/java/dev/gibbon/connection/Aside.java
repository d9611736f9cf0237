// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.connection;

import dev.gibbon.frame.Opcode;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/**
 * Messages of one connection that are to be sent, in this order, and have not come to its queue yet: those that were
 * broadcast, and those that a loop's thread writes while another thread has a message open. What is broadcast waits
 * here as a reference to bytes that all members share. Guarded by the send lock.
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
        @Override
        public int bytes() {
            return payload.length;
        }
    }

    private final ArrayDeque<Item> items = new ArrayDeque<>(2);
    private long bytes;

    void add(Item item) {
        items.add(item);
        bytes += item.bytes();
    }

    @Nullable
    Item poll() {
        Item next = items.poll();
        if (next != null) {
            bytes -= next.bytes();
        }
        return next;
    }

    /** {@return how many bytes wait} */
    long bytes() {
        return bytes;
    }

    /** {@return what all of it counts for beside its bytes} */
    long cost() {
        return (long) COST * items.size();
    }
}
