// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.examples.compression;

import dev.gibbon.Connection;
import dev.gibbon.Dialer;
import dev.gibbon.Upgrader;
import dev.gibbon.WebSocketServer;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Server and client with any compression options, told what to do line by line by whoever judges them ({@code
 * conformance/ws/run}, {@code conformance/browser/run}). Every connection says what was agreed on and then echoes.
 *
 * <p>Commands: {@code settings WORDS} adds a set of settings, the first of which is number 0. {@code serve} starts a
 * server and says {@code port N}; set N is served at {@code /N/echo} by a thread for each connection and at
 * {@code /N/echo/event} by event loops. {@code dial ID N thread|event URL} opens a connection with set N and says
 * {@code ended ID HOW}: {@code fine}, or what was wrong. Connections of the server that end badly are told as
 * {@code failed PATH WHY}. It ends when its input does.
 */
public final class Peer implements AutoCloseable {
    static final String FINE = "fine";

    private final Consumer<String> reports;
    private final List<Settings> settings = new ArrayList<>();
    private final List<Dialer> dialers = new ArrayList<>();
    private @Nullable WebSocketServer server;

    Peer(Consumer<String> reports) {
        this.reports = reports;
    }

    /**
     * Obeys what comes on standard input.
     *
     * @param args none
     * @throws IOException if a command is wrong or the server cannot start
     */
    public static void main(String[] args) throws IOException {
        BufferedReader commands = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        Consumer<String> reports = System.out::println;
        try (Peer peer = new Peer(reports)) {
            for (String command; (command = commands.readLine()) != null; ) {
                peer.obey(command);
            }
        }
        System.exit(0); // Connections that were dialled may still be open.
    }

    /** Does what a line says; one thread. */
    void obey(String command) throws IOException {
        String[] words = command.split(" ", -1);
        switch (words[0]) {
            case "settings" -> add(Settings.parse(command.substring(words[0].length())));
            case "serve" -> serve();
            case "dial" -> dial(words[1], Integer.parseInt(words[2]), words[3].equals("event"), URI.create(words[4]));
            default -> throw new IllegalArgumentException("no command: " + command);
        }
    }

    @Override
    public void close() {
        if (server != null) {
            server.close();
        }
    }

    private void add(Settings added) {
        settings.add(added);
        dialers.add(Dialer.builder().permessageDeflate(added.deflate()).loops(1).build());
    }

    private void serve() throws IOException {
        WebSocketServer.Builder building = WebSocketServer.builder()
                .bind("127.0.0.1", 0)
                .handle(
                        "/",
                        exchange -> exchange.respond(
                                200, "text/html; charset=utf-8", "<!doctype html><title>echo</title>"));
        for (int i = 0; i < settings.size(); i++) {
            Settings own = settings.get(i);
            String path = "/" + i + "/echo";
            Upgrader upgrader =
                    Upgrader.builder().permessageDeflate(own.deflate()).build();
            building.serve(path, upgrader, ws -> echo(path, own, ws))
                    .listen(path + "/event", upgrader, Echo.listener(own.streaming(), (_, how) -> {
                        if (!how.equals(FINE)) {
                            reports.accept("failed " + path + "/event " + how);
                        }
                    }));
        }
        WebSocketServer started = building.start();
        server = started;
        reports.accept("port " + started.port());
    }

    private void echo(String path, Settings own, Connection ws) throws IOException {
        try {
            Echo.run(ws, own.streaming());
        } catch (IOException e) {
            reports.accept("failed " + path + " " + e.getMessage());
            throw e;
        }
    }

    private void dial(String id, int set, boolean byEvents, URI url) {
        boolean streaming = settings.get(set).streaming();
        Thread.startVirtualThread(() -> {
            try {
                Connection ws = dialers.get(set).dial(url);
                if (byEvents) {
                    ws.listen(Echo.listener(streaming, (_, how) -> tellEnd(id, how)));
                    return;
                }
                try (ws) {
                    Echo.run(ws, streaming);
                }
                tellEnd(id, FINE);
            } catch (IOException e) {
                tellEnd(id, String.valueOf(e.getMessage()));
            }
        });
    }

    private void tellEnd(String id, String how) {
        reports.accept("ended " + id + " " + how);
    }
}
