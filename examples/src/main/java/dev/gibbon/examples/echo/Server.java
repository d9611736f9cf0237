// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.examples.echo;

import dev.gibbon.Connection;
import dev.gibbon.Exchange;
import dev.gibbon.Message;
import dev.gibbon.Upgrader;
import dev.gibbon.WebSocketServer;
import dev.gibbon.examples.Running;
import java.io.IOException;

/** Sends every message back to whoever sent it. */
public final class Server {
    private static final Upgrader UPGRADER = Upgrader.create();

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
                .handle("/ws", Server::echo)
                .start();
    }

    private static void echo(Exchange exchange) throws IOException {
        try (Connection ws = UPGRADER.upgrade(exchange)) {
            for (Message message; (message = ws.readMessage()) != null; ) {
                ws.writeMessage(message);
            }
        }
    }
}
