// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.examples.filewatch;

import dev.gibbon.Connection;
import dev.gibbon.ConnectionOptions;
import dev.gibbon.Exchange;
import dev.gibbon.ReadTimeoutException;
import dev.gibbon.Upgrader;
import dev.gibbon.WebSocketServer;
import dev.gibbon.examples.Running;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;

/**
 * Sends the content of a file, and again whenever it has changed. {@code ?since=MILLIS} leaves out what is not newer
 * than that time. The read deadline is the clock: one thread looks after the file and after the connection.
 */
public final class Server {
    private static final int MAX_BYTES = 1 << 20;

    private final Path file;
    private final Duration interval;
    private final Upgrader upgrader = Upgrader.builder()
            .options(ConnectionOptions.builder().maxMessageBytes(512).build())
            .build();

    private Server(Path file, Duration interval) {
        this.file = file;
        this.interval = interval;
    }

    /**
     * Serves until stopped.
     *
     * @param args the file
     * @throws Exception if the port is in use
     */
    public static void main(String[] args) throws Exception {
        if (args.length != 1) {
            System.err.println("which file?");
            System.exit(2);
        }
        try (WebSocketServer server = start(Running.port(), Path.of(args[0]), Duration.ofSeconds(1))) {
            Running.untilStopped(server);
        }
    }

    static WebSocketServer start(int port, Path file, Duration interval) throws IOException {
        Server watch = new Server(file, interval);
        return WebSocketServer.builder()
                .bind("localhost", port)
                .handle(
                        "/",
                        exchange -> exchange.respondResource(Server.class, "page.html", "text/html; charset=utf-8"))
                .handle("/ws", watch::watch)
                .start();
    }

    private void watch(Exchange exchange) throws IOException {
        long seen;
        try {
            seen = since(exchange.query().orElse(""));
        } catch (NumberFormatException _) {
            exchange.respond(400, "text/plain", "since is a number of milliseconds\n");
            return;
        }
        try (Connection ws = upgrader.upgrade(exchange)) {
            do {
                long changed = lastChange();
                if (changed > seen) {
                    ws.writeText(content());
                    seen = changed;
                }
            } while (isOpenAfter(interval, ws));
        }
    }

    /** Waits; what the peer says meanwhile is of no interest, that it has left is. */
    private static boolean isOpenAfter(Duration interval, Connection ws) throws IOException {
        long until = System.nanoTime() + interval.toNanos();
        try {
            while (ws.readMessage(Duration.ofNanos(until - System.nanoTime())) != null) {}
            return false;
        } catch (ReadTimeoutException _) {
            return true;
        }
    }

    private static long since(String query) {
        return query.startsWith("since=") ? Long.parseLong(query.substring("since=".length())) : Long.MIN_VALUE;
    }

    private long lastChange() throws IOException {
        try {
            return Files.getLastModifiedTime(file).toMillis();
        } catch (NoSuchFileException _) {
            return Long.MIN_VALUE; // It may come, or come back.
        }
    }

    private String content() throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            return new String(in.readNBytes(MAX_BYTES), StandardCharsets.UTF_8);
        } catch (NoSuchFileException _) {
            return "";
        }
    }
}
