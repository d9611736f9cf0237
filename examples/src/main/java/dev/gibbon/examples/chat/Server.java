// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.examples.chat;

import dev.gibbon.ConnectionOptions;
import dev.gibbon.QueuePolicy;
import dev.gibbon.Upgrader;
import dev.gibbon.WebSocketServer;
import dev.gibbon.examples.Running;
import java.io.IOException;

/**
 * One room: what anybody says, everybody hears. Served by event loops, so that a member who listens costs next to
 * nothing. Whoever cannot keep up is dropped, so that nobody waits for them.
 */
public final class Server {
    private static final int MAX_MESSAGE_BYTES = 512;

    /** What somebody has yet to hear, at most. */
    private static final int MAX_UNHEARD_BYTES = 256 * MAX_MESSAGE_BYTES;

    private Server() {}

    /**
     * Serves until stopped.
     *
     * @param args none
     * @throws Exception if the port is in use
     */
    public static void main(String[] args) throws Exception {
        try (WebSocketServer server = start(Running.port())) {
            Running.untilStopped(server);
        }
    }

    static WebSocketServer start(int port) throws IOException {
        Upgrader upgrader = Upgrader.builder()
                .options(ConnectionOptions.builder()
                        .maxMessageBytes(MAX_MESSAGE_BYTES)
                        .maxQueuedBytes(MAX_UNHEARD_BYTES, QueuePolicy.DROP)
                        .build())
                .build();
        return WebSocketServer.builder()
                .bind("localhost", port)
                .handle("/", Running::answerPage)
                .listen("/ws", upgrader, new Room())
                .start();
    }
}
