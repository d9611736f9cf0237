// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.examples.tomcat;

import dev.gibbon.Connection;
import dev.gibbon.ConnectionOptions;
import dev.gibbon.Listener;
import dev.gibbon.MessageView;
import dev.gibbon.OriginPolicy;
import dev.gibbon.PermessageDeflate;
import dev.gibbon.Upgrader;
import dev.gibbon.WebSocketHost;
import dev.gibbon.tomcat.GibbonTomcat;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.apache.catalina.Context;
import org.apache.catalina.LifecycleException;
import org.apache.catalina.connector.Connector;
import org.apache.catalina.startup.Tomcat;

/** An echo server: Tomcat answers a page, Gibbon the WebSockets. {@code --port N} says where it listens. */
public final class Main {
    private static final long MAX_MESSAGE_BYTES = 64L << 20;

    private Main() {}

    /**
     * Serves until the process is told to stop.
     *
     * @param args {@code --port N}, if wanted
     * @throws Exception if the port is in use
     */
    public static void main(String[] args) throws Exception {
        List<String> words = List.of(args);
        int port = words.contains("--port") ? Integer.parseInt(words.get(words.indexOf("--port") + 1)) : 8080;
        Path directory = Files.createTempDirectory("gibbon-tomcat");
        Tomcat tomcat = new Tomcat();
        tomcat.setBaseDir(directory.toString());
        tomcat.setConnector(connector(port));
        Context context = tomcat.addContext("", directory.toString());
        WebSocketHost host = WebSocketHost.builder().build();
        GibbonTomcat gibbon = GibbonTomcat.of(host, upgrader());
        Listener echo = new Echo();
        add(context, "/echo", (request, response) -> {
            boolean _ = gibbon.upgrade(request, response, ws -> ws.forEachMessage(ws::writeMessage));
        });
        add(context, "/echo/event", (request, response) -> {
            boolean _ = gibbon.upgrade(request, response, echo);
        });
        add(context, "", (_, response) -> {
            response.setContentType("text/plain; charset=utf-8");
            response.getWriter().println("Gibbon in Tomcat: WebSockets at /echo and /echo/event");
        });
        tomcat.start();
        System.out.printf(
                "listening on ws://localhost:%d/echo%n", tomcat.getConnector().getLocalPort());
        Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(host, tomcat), "stop"));
        tomcat.getServer().await();
    }

    private static Connector connector(int port) {
        Connector connector = new Connector();
        connector.setPort(port);
        connector.setThrowOnFailure(true);
        // Tomcat keeps two buffers of this size for each connection, and Gibbon needs neither.
        boolean known = connector.setProperty("address", "localhost")
                && connector.setProperty("socket.appReadBufSize", "512")
                && connector.setProperty("socket.appWriteBufSize", "512");
        if (!known) {
            throw new IllegalStateException("a connector that knows not even its address");
        }
        return connector;
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

    /** What a servlet does with a request. */
    @FunctionalInterface
    private interface Answer {
        void answer(HttpServletRequest request, HttpServletResponse response) throws IOException;
    }

    private static void add(Context context, String path, Answer answer) {
        HttpServlet servlet = new HttpServlet() {
            private static final long serialVersionUID = 1L;

            @Override
            protected void doGet(HttpServletRequest request, HttpServletResponse response) throws IOException {
                answer.answer(request, response);
            }
        };
        Tomcat.addServlet(context, "at " + path, servlet).addMapping(path);
    }

    /** Tells peers that the server goes, before it does. */
    private static void stop(WebSocketHost host, Tomcat tomcat) {
        host.close();
        try {
            tomcat.stop();
            tomcat.destroy();
        } catch (LifecycleException e) {
            System.err.println("Tomcat did not stop cleanly: " + e);
        }
    }

    /** Sends every message back. */
    private static final class Echo implements Listener {
        @Override
        public void onMessage(Connection connection, MessageView message) throws IOException {
            connection.writeMessage(message);
        }
    }
}
