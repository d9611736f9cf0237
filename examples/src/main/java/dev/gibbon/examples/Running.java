// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.examples;

import dev.gibbon.Exchange;
import dev.gibbon.WebSocketServer;
import java.io.IOException;

/** What the examples share, and what is not what they are about: the port, the page, the end. */
public final class Running {
    private static final int DEFAULT_PORT = 8080;

    private Running() {}

    /** {@return the port to listen on: the environment variable PORT, or 8080} */
    public static int port() {
        String port = System.getenv("PORT");
        return port == null ? DEFAULT_PORT : Integer.parseInt(port);
    }

    /**
     * Answers with the page that shows what a socket at {@code /ws} says, and sends it what is typed.
     *
     * @param exchange the request for the page
     * @throws IOException if the client is gone
     */
    public static void answerPage(Exchange exchange) throws IOException {
        exchange.respondResource(Running.class, "page.html", "text/html; charset=utf-8");
    }

    /**
     * Says where the server is and waits for its end; Ctrl-C closes every connection with 1001.
     *
     * @param server the running server
     * @throws InterruptedException if interrupted meanwhile
     */
    public static void untilStopped(WebSocketServer server) throws InterruptedException {
        System.out.println("open http://localhost:" + server.port() + "/");
        server.runUntilStopped();
    }
}
