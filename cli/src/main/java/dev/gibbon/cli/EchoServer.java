// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.cli;

import dev.gibbon.Connection;
import dev.gibbon.ConnectionOptions;
import dev.gibbon.Exchange;
import dev.gibbon.Headers;
import dev.gibbon.Listener;
import dev.gibbon.Message;
import dev.gibbon.MessageView;
import dev.gibbon.PermessageDeflate;
import dev.gibbon.Upgrader;
import dev.gibbon.WebSocketServer;
import java.io.IOException;
import java.io.InputStream;
import java.util.Objects;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What {@code gibbon serve} serves: a page at {@code /}, the echo that it talks to at {@code /echo}, where a virtual
 * thread for each connection reads and writes, and the same echo from event loops at {@code /echo/event}.
 */
final class EchoServer {
    /**
     * 64 MiB in fragments of 64 bytes. The Autobahn suite sends 4 MiB in such fragments, 65 536 of them, four times
     * what the library allows unless told; who starts an echo server to try things on it wants to see them echoed.
     */
    private static final int MAX_FRAGMENTS = 1 << 20;

    private static final int SHOWN_CHARS = 120;

    private static final Headers PAGE_FIELDS = Headers.of(
            "Content-Type", "text/html; charset=utf-8",
            "Cache-Control", "no-cache",
            // The page needs nothing but itself and its socket;
            // old browsers do not count sockets as 'self'.
            "Content-Security-Policy",
                    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:; "
                            + "connect-src 'self' ws: wss:; base-uri 'none'; form-action 'none'; "
                            + "frame-ancestors 'none'",
            "X-Content-Type-Options", "nosniff");

    private final Upgrader upgrader;
    private final @Nullable Consumer<Message> received;
    private final byte[] page = page();

    private EchoServer(
            Upgrader.Builder settings,
            ConnectionOptions.Builder options,
            boolean deflate,
            @Nullable Consumer<Message> received) {
        this.received = received;
        // The handler does nothing between reading and writing, so
        // answers may wait for the next read and leave together.
        settings.options(options.maxFragments(MAX_FRAGMENTS).batchWrites(true).build());
        upgrader = (deflate ? settings.permessageDeflate(PermessageDeflate.defaults()) : settings).build();
    }

    /**
     * Adds the routes to a server that is being built.
     *
     * @param server the server
     * @param settings which pages may connect, and the subprotocols
     * @param options of its connections, such as how long a message may be
     * @param deflate whether to accept permessage-deflate
     * @param received told of every message, by the connection's thread or loop; null for nobody
     */
    static void addTo(
            WebSocketServer.Builder server,
            Upgrader.Builder settings,
            ConnectionOptions.Builder options,
            boolean deflate,
            @Nullable Consumer<Message> received) {
        EchoServer echo = new EchoServer(settings, options, deflate, received);
        server.handle("/", echo::answerPage)
                .serve("/echo", echo.upgrader, echo::serve)
                .listen("/echo/event", echo.upgrader, echo.listener());
    }

    /** {@return what shows each message as a line} */
    static Consumer<Message> showing(Consumer<String> lines) {
        return message -> lines.accept("recv: " + Visible.of(message, SHOWN_CHARS));
    }

    private void serve(Connection ws) throws IOException {
        ws.forEachMessage(message -> {
            if (received != null) {
                received.accept(message);
            }
            ws.writeMessage(message);
        });
    }

    private Listener listener() {
        return new Listener() {
            @Override
            public void onMessage(Connection ws, MessageView message) throws IOException {
                echo(ws, message);
            }
        };
    }

    private void echo(Connection ws, MessageView message) throws IOException {
        if (received != null) {
            received.accept(message.toMessage());
        }
        ws.writeMessage(message);
    }

    private void answerPage(Exchange exchange) throws IOException {
        if (exchange.method().equals("GET") || exchange.method().equals("HEAD")) {
            exchange.respond(200, PAGE_FIELDS, page);
        } else {
            exchange.respond(405, Headers.of("Allow", "GET, HEAD"), new byte[0]);
        }
    }

    private static byte[] page() {
        try (InputStream page = EchoServer.class.getResourceAsStream("page.html")) {
            return Objects.requireNonNull(page, "page.html is not in the jar").readAllBytes();
        } catch (IOException e) {
            throw new IllegalStateException("page.html cannot be read", e);
        }
    }
}
