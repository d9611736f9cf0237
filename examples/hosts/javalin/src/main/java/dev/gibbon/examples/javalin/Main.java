// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.examples.javalin;

import dev.gibbon.Connection;
import dev.gibbon.ConnectionOptions;
import dev.gibbon.Listener;
import dev.gibbon.MessageView;
import dev.gibbon.OriginPolicy;
import dev.gibbon.PermessageDeflate;
import dev.gibbon.Upgrader;
import dev.gibbon.WebSocketHost;
import dev.gibbon.jetty.GibbonHandler;
import io.javalin.Javalin;
import java.io.IOException;
import java.util.List;

/** An echo server: Javalin answers a page, Gibbon the WebSockets. {@code --port N} says where it listens. */
public final class Main {
    private static final long MAX_MESSAGE_BYTES = 64L << 20;

    private Main() {}

    /**
     * Serves until the process is told to stop.
     *
     * @param args {@code --port N}, if wanted
     */
    public static void main(String[] args) {
        List<String> words = List.of(args);
        int port = words.contains("--port") ? Integer.parseInt(words.get(words.indexOf("--port") + 1)) : 8080;
        WebSocketHost host = WebSocketHost.builder().build();
        GibbonHandler gibbon = new GibbonHandler(host)
                .serve("/echo", upgrader(), ws -> ws.forEachMessage(ws::writeMessage))
                .listen("/echo/event", upgrader(), new Echo());
        Javalin app = Javalin.create(config -> {
            config.startup.showJavalinBanner = false;
            config.jetty.modifyServer(gibbon::wrapAll);
            config.routes.get("/", page -> page.result("Gibbon in Javalin: WebSockets at /echo and /echo/event\n"));
        });
        app.start("localhost", port);
        System.out.println("listening on ws://localhost:" + app.port() + "/echo");
        Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(host, app), "stop"));
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
    private static void stop(WebSocketHost host, Javalin app) {
        host.close();
        app.stop();
    }

    /** Sends every message back. */
    private static final class Echo implements Listener {
        @Override
        public void onMessage(Connection connection, MessageView message) throws IOException {
            connection.writeMessage(message);
        }
    }
}
