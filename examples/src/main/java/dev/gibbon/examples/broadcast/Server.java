// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.examples.broadcast;

import dev.gibbon.Connection;
import dev.gibbon.Exchange;
import dev.gibbon.PreparedMessage;
import dev.gibbon.Upgrader;
import dev.gibbon.WebSocketServer;
import dev.gibbon.examples.Running;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;

/** Tells everybody the time. Each message is encoded once, however many get it; whoever is slow misses some. */
public final class Server {
    private static final int QUEUE = 8;

    private final Set<BlockingQueue<PreparedMessage>> listeners = ConcurrentHashMap.newKeySet();
    private final Upgrader upgrader = Upgrader.create();

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
        Server broadcast = new Server();
        WebSocketServer server = WebSocketServer.builder()
                .bind("localhost", port)
                .handle("/", Running::answerPage)
                .handle("/ws", broadcast::listen)
                .start();
        Thread clock = Thread.startVirtualThread(() -> broadcast.tellTheTime(interval));
        Thread.startVirtualThread(() -> stopWith(server, clock));
        return server;
    }

    private void tellTheTime(Duration interval) {
        try {
            while (true) {
                PreparedMessage now = PreparedMessage.text(Instant.now().toString());
                listeners.forEach(listener -> listener.offer(now)); // Does not wait: a full queue misses this one.
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

    private void listen(Exchange exchange) throws IOException {
        BlockingQueue<PreparedMessage> queue = new ArrayBlockingQueue<>(QUEUE);
        try (Connection ws = upgrader.upgrade(exchange)) {
            Thread writer = Thread.startVirtualThread(() -> writeAll(queue, ws));
            listeners.add(queue);
            try {
                while (ws.readMessage() != null) {} // Reading answers pings and notices the close.
            } finally {
                listeners.remove(queue);
                writer.interrupt();
            }
        }
    }

    private static void writeAll(BlockingQueue<PreparedMessage> queue, Connection ws) {
        try {
            while (true) {
                ws.writePrepared(queue.take());
            }
        } catch (InterruptedException _) {
            // They left: whoever reads does the rest.
        } catch (IOException _) {
            ws.abort(); // The connection is lost; whoever reads finds out too.
        }
    }
}
