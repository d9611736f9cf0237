// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.examples.prices;

import dev.gibbon.ConnectionOptions;
import dev.gibbon.QueuePolicy;
import dev.gibbon.Upgrader;
import dev.gibbon.WebSocketServer;
import dev.gibbon.examples.Running;
import java.io.IOException;

/** Prices of fruit, by JSON: who watches some is told whenever somebody sets one. */
public final class Server {
    private static final int MAX_MESSAGE_BYTES = 1024;

    /** What somebody has yet to hear, at most. */
    private static final int MAX_UNHEARD_BYTES = 64 * 1024;

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
                .listen("/ws", upgrader, new Market())
                .start();
    }
}
