// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.connection;

import dev.gibbon.ConnectionOptions;
import org.jspecify.annotations.Nullable;

/**
 * How the rest of a message comes in that a connection waits for: whether it stands still, and how long it takes in
 * all. Only time in which it is waited for counts, at one look and still at the next; while the application has not
 * asked for it nobody is to blame. Tick thread only.
 */
public final class MessageWatch {
    private final ConnectionOptions options;

    private boolean waiting;
    private long message = -1;

    /** When it was last looked at. */
    private long looked;

    /** How long the message was waited for in all, and since it last made progress. */
    private long waited;

    private long stalled;

    /** How much of the message had come when it last made progress. */
    private long bytes;

    MessageWatch(ConnectionOptions options) {
        this.options = options;
    }

    /** {@return why the peer's message is too slow; null if it is not} */
    @Nullable
    String fault(Input input, long now) {
        boolean waits = input.waiting() == Input.Waiting.FOR_THE_REST_OF_A_MESSAGE;
        long isMessage = input.awaitedMessage();
        if (waits && isMessage != message) {
            message = isMessage;
            waited = 0;
            stalled = 0;
            bytes = input.awaitedBytes();
        } else if (waits && waiting) {
            waited += now - looked;
            stalled += now - looked;
            noteProgress(input.awaitedBytes());
        }
        waiting = waits;
        looked = now;
        return waits ? fault() : null;
    }

    private void noteProgress(long isBytes) {
        if (isBytes - bytes >= options.messageStallBytes()) {
            bytes = isBytes;
            stalled = 0;
        }
    }

    private @Nullable String fault() {
        if (stalled >= options.messageStallTimeout().toNanos()) {
            return "less than " + options.messageStallBytes() + " bytes of the rest of a message came in "
                    + options.messageStallTimeout();
        }
        return waited >= options.messageTimeout().toNanos()
                ? "the rest of a message did not come in " + options.messageTimeout()
                : null;
    }
}
