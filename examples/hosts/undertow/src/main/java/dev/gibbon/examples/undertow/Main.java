// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.examples.undertow;

import dev.gibbon.Connection;
import dev.gibbon.ConnectionOptions;
import dev.gibbon.Listener;
import dev.gibbon.MessageView;
import dev.gibbon.OriginPolicy;
import dev.gibbon.PermessageDeflate;
import dev.gibbon.Upgrader;
import dev.gibbon.WebSocketHost;
import dev.gibbon.undertow.GibbonUndertow;
import io.undertow.Handlers;
import io.undertow.Undertow;
import io.undertow.server.HttpHandler;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.List;

/** An echo server: Undertow answers a page, Gibbon the WebSockets. {@code --port N} says where it listens. */
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
        GibbonUndertow gibbon = GibbonUndertow.of(host);
        HttpHandler root = Handlers.path()
                .addExactPath(
                        "/",
                        exchange -> exchange.getResponseSender()
                                .send("Gibbon in Undertow: WebSockets at /echo and /echo/event\n"))
                .addExactPath("/echo", gibbon.serve(upgrader(), ws -> ws.forEachMessage(ws::writeMessage)))
                .addExactPath("/echo/event", gibbon.listen(upgrader(), new Echo()));
        Undertow undertow =
                Undertow.builder().addHttpListener(port, "localhost", root).build();
        undertow.start();
        InetSocketAddress bound =
                (InetSocketAddress) undertow.getListenerInfo().getFirst().getAddress();
        System.out.printf("listening on ws://localhost:%d/echo%n", bound.getPort());
        Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(host, undertow), "stop"));
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
    private static void stop(WebSocketHost host, Undertow undertow) {
        host.close();
        undertow.stop();
    }

    /** Sends every message back. */
    private static final class Echo implements Listener {
        @Override
        public void onMessage(Connection connection, MessageView message) throws IOException {
            connection.writeMessage(message);
        }
    }
}
