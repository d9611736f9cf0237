// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.testkit.host;

import dev.gibbon.Connection;
import dev.gibbon.QueueFullException;
import java.io.IOException;
import java.util.concurrent.atomic.AtomicInteger;

/** {@link Pages} on their way to one peer. */
final class Flood {
    final Connection connection;
    final AtomicInteger written = new AtomicInteger();

    /** How often a write was refused, since the queue was full. */
    final AtomicInteger refused = new AtomicInteger();

    private final int pages;

    Flood(Connection connection, int pages) {
        this.connection = connection;
        this.pages = pages;
    }

    /** Writes what is left, as a handler does it: waits where there is no room. */
    void write() throws IOException {
        while (written.get() < pages) {
            connection.writeBinary(Pages.page(written.get()));
            written.incrementAndGet();
        }
    }

    /** Writes what there is room for, as a listener does it: the rest once there is more. */
    void writeSome() throws IOException {
        try {
            write();
        } catch (QueueFullException _) {
            // Listener.onWritable goes on.
            refused.incrementAndGet();
        }
    }
}
