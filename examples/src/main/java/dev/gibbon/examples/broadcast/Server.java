// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.examples.broadcast;

import dev.gibbon.ConnectionOptions;
import dev.gibbon.PreparedMessage;
import dev.gibbon.QueuePolicy;
import dev.gibbon.Upgrader;
import dev.gibbon.WebSocketServer;
import dev.gibbon.examples.Running;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;

/**
 * Tells everybody the time. Each message is encoded once, however many get it; whoever is slow misses some. The
 * connections are blocking ones here, and would get the same on event loops.
 */
public final class Server {
    private static final Upgrader UPGRADER = Upgrader.builder()
            .options(ConnectionOptions.builder()
                    .maxQueuedBytes(1024, QueuePolicy.REFUSE)
                    .build())
            .build();

    private Server() {}

    /**
     * Serves until stopped.
     *
     * @param args none
     * @throws Exception if the port is in use
     */
    public static void main(String[] args) throws Exception {
        try (WebSocketServer server = start(Running.port(), Duration.ofSeconds(1))) {
            Running.untilStopped(server);
        }
    }

    static WebSocketServer start(int port, Duration interval) throws IOException {
        WebSocketServer server = WebSocketServer.builder()
                .bind("localhost", port)
                .handle("/", Running::answerPage)
                .serve(
                        "/ws",
                        UPGRADER,
                        ws -> ws.forEachMessage(_ -> {})) // Reading answers pings and notices the close.
                .start();
        Thread clock = Thread.startVirtualThread(() -> tellTheTime(server, interval));
        Thread.startVirtualThread(() -> stopWith(server, clock));
        return server;
    }

    private static void tellTheTime(WebSocketServer server, Duration interval) {
        try {
            while (true) {
                PreparedMessage now = PreparedMessage.text(Instant.now().toString());
                server.broadcast(now, _ -> true); // Does not wait: a full queue misses this one.
                Thread.sleep(interval);
            }
        } catch (InterruptedException _) {
            // The server has ended.
        }
    }

    private static void stopWith(WebSocketServer server, Thread clock) {
        try {
            server.awaitShutdown();
        } catch (InterruptedException _) {
            // Nobody does.
        }
        clock.interrupt();
    }
}
