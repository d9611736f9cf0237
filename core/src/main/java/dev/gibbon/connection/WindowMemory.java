// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.connection;

import dev.gibbon.PermessageDeflate;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * How many connections of an upgrader may have a window that their client cannot bound (RFC 7692 §7.1.2.2): what all
 * of them together may make the server keep. Any thread.
 */
public final class WindowMemory {
    private static final int WINDOW_BYTES = 1 << PermessageDeflate.MAX_WINDOW_BITS;

    private final int most;
    private final AtomicInteger taken = new AtomicInteger();

    /** Makes room for as many windows as fit into so many bytes. */
    public WindowMemory(long bytes) {
        most = (int) Math.min(Integer.MAX_VALUE, bytes / WINDOW_BYTES);
    }

    /** {@return room for one window; null if there is none} */
    @Nullable
    public Room take() {
        int now = taken.get();
        while (now < most) {
            int seen = taken.compareAndExchange(now, now + 1);
            if (seen == now) {
                return new Room(taken);
            }
            now = seen;
        }
        return null;
    }

    /** Room for one window, until it is given back. Any thread. */
    public static final class Room {
        private final AtomicInteger taken;
        private final AtomicInteger held = new AtomicInteger(1);

        private Room(AtomicInteger taken) {
            this.taken = taken;
        }

        /** Does nothing the second time. */
        public void giveBack() {
            taken.addAndGet(-held.getAndSet(0));
        }
    }
}
