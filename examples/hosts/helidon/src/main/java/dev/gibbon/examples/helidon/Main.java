// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.examples.helidon;

import dev.gibbon.Connection;
import dev.gibbon.ConnectionOptions;
import dev.gibbon.Listener;
import dev.gibbon.MessageView;
import dev.gibbon.OriginPolicy;
import dev.gibbon.PermessageDeflate;
import dev.gibbon.Upgrader;
import dev.gibbon.WebSocketHost;
import dev.gibbon.helidon.GibbonHelidon;
import io.helidon.webserver.WebServer;
import java.io.IOException;
import java.util.List;

/** An echo server: Helidon answers a page, Gibbon the WebSockets. {@code --port N} says where it listens. */
public final class Main {
    private static final long MAX_MESSAGE_BYTES = 64L << 20;

    private Main() {}

    /**
     * Serves until the process is told to stop.
     *
     * @param args {@code --port N} if wanted
     */
    public static void main(String[] args) {
        List<String> words = List.of(args);
        int port = words.contains("--port") ? Integer.parseInt(words.get(words.indexOf("--port") + 1)) : 8080;
        WebSocketHost host = WebSocketHost.builder().build();
        GibbonHelidon gibbon = GibbonHelidon.of(host)
                .serve("/echo", upgrader(), ws -> ws.forEachMessage(ws::writeMessage))
                .listen("/echo/event", upgrader(), new Echo());
        WebServer server = WebServer.builder()
                .host("localhost")
                .port(port)
                .shutdownHook(false) // Ours ends the WebSockets first.
                .addConnectionSelector(gibbon.selector())
                .connectionOptions(options -> options.tcpNoDelay(true))
                .routing(routing -> routing.get(
                        "/",
                        (_, response) -> response.send("Gibbon in Helidon: WebSockets at /echo and /echo/event\n")))
                .build()
                .start();
        System.out.printf("listening on ws://localhost:%d/echo%n", server.port());
        Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(host, server), "stop"));
    }

    private static Upgrader upgrader() {
        return Upgrader.builder()
                .origins(OriginPolicy.any())
                .options(ConnectionOptions.builder()
                        .maxMessageBytes(MAX_MESSAGE_BYTES)
                        .maxFrameBytes(MAX_MESSAGE_BYTES)
                        .build())
                .permessageDeflate(PermessageDeflate.defaults())
                .build();
    }

    /** Tells peers that the server goes, before it does. */
    private static void stop(WebSocketHost host, WebServer server) {
        host.close();
        WebServer _ = server.stop();
    }

    /** Sends every message back. */
    private static final class Echo implements Listener {
        @Override
        public void onMessage(Connection connection, MessageView message) throws IOException {
            connection.writeMessage(message);
        }
    }
}
