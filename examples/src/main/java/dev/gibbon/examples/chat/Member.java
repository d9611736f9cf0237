// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.examples.chat;

import dev.gibbon.Connection;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;

/** Somebody in the room, with what they have yet to hear. */
final class Member {
    private static final int QUEUE = 256;

    private final Connection connection;
    private final BlockingQueue<String> unheard = new ArrayBlockingQueue<>(QUEUE);

    Member(Connection connection) {
        this.connection = connection;
    }

    /** Never blocks: one slow reader must not hold up the room. */
    void tell(String text) {
        if (!unheard.offer(text)) {
            connection.abort();
        }
    }

    /** Sends what is to be heard, as one message where much has gathered, until interrupted. */
    void writeAll() {
        try {
            while (true) {
                List<String> texts = new ArrayList<>(List.of(unheard.take()));
                unheard.drainTo(texts);
                connection.writeText(String.join("\n", texts));
            }
        } catch (InterruptedException _) {
            // They left: whoever reads does the rest.
        } catch (IOException _) {
            connection.abort(); // The connection is lost; whoever reads finds out too.
        }
    }
}
