// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.examples.echo;

import dev.gibbon.WebSocketServer;
import dev.gibbon.examples.Running;
import java.io.IOException;

/** Sends every message back to whoever sent it. */
public final class Server {
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
        return WebSocketServer.builder()
                .bind("localhost", port)
                .handle("/", Running::answerPage)
                .serve("/ws", ws -> ws.forEachMessage(ws::writeMessage))
                .start();
    }
}
