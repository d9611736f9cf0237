// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.examples.jetty;

import dev.gibbon.Connection;
import dev.gibbon.ConnectionOptions;
import dev.gibbon.Listener;
import dev.gibbon.MessageView;
import dev.gibbon.OriginPolicy;
import dev.gibbon.PermessageDeflate;
import dev.gibbon.Upgrader;
import dev.gibbon.WebSocketHost;
import dev.gibbon.jetty.GibbonHandler;
import java.io.IOException;
import java.util.List;
import org.eclipse.jetty.alpn.server.ALPNServerConnectionFactory;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.http2.server.HTTP2CServerConnectionFactory;
import org.eclipse.jetty.http2.server.HTTP2ServerConnectionFactory;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.SecureRequestCustomizer;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.server.SslConnectionFactory;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.ssl.SslContextFactory;

/**
 * An echo server: Jetty answers a page, Gibbon the WebSockets, over HTTP/1.1 and over HTTP/2. {@code --port N} says
 * where it listens; with {@code --tls} it speaks TLS, by a certificate that it makes.
 */
public final class Main {
    private static final long MAX_MESSAGE_BYTES = 64L << 20;

    private Main() {}

    /**
     * Serves until the process is told to stop.
     *
     * @param args {@code --port N} and {@code --tls}, either if wanted
     * @throws Exception if the port is in use
     */
    public static void main(String[] args) throws Exception {
        List<String> words = List.of(args);
        int port = words.contains("--port") ? Integer.parseInt(words.get(words.indexOf("--port") + 1)) : 8080;
        boolean tls = words.contains("--tls");
        Server server = new Server();
        ServerConnector connector = tls ? overTls(server) : plain(server);
        connector.setHost("localhost");
        connector.setPort(port);
        server.addConnector(connector);
        WebSocketHost host = WebSocketHost.builder().build();
        GibbonHandler gibbon = new GibbonHandler(host)
                .serve("/echo", upgrader(), ws -> ws.forEachMessage(ws::writeMessage))
                .listen("/echo/event", upgrader(), new Echo());
        gibbon.setHandler(new Page());
        server.setHandler(gibbon);
        server.start();
        System.out.printf("listening on %s://localhost:%d/echo%n", tls ? "wss" : "ws", connector.getLocalPort());
        Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(host, server), "stop"));
        server.join();
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

    /** HTTP/1.1, and HTTP/2 for clients that know that it is here. */
    private static ServerConnector plain(Server server) {
        HttpConfiguration http = new HttpConfiguration();
        return new ServerConnector(server, new HttpConnectionFactory(http), new HTTP2CServerConnectionFactory(http));
    }

    /** HTTP/2 and HTTP/1.1, as the client says in its TLS handshake. */
    private static ServerConnector overTls(Server server) throws IOException {
        HttpConfiguration http = new HttpConfiguration();
        http.addCustomizer(new SecureRequestCustomizer());
        ALPNServerConnectionFactory alpn = new ALPNServerConnectionFactory();
        SslContextFactory.Server certificate = Certificate.make();
        return new ServerConnector(
                server,
                new SslConnectionFactory(certificate, alpn.getProtocol()),
                alpn,
                new HTTP2ServerConnectionFactory(http),
                new HttpConnectionFactory(http));
    }

    /** Tells peers that the server goes, before it does. */
    private static void stop(WebSocketHost host, Server server) {
        host.close();
        try {
            server.stop();
        } catch (Exception e) {
            System.err.println("Jetty did not stop cleanly: " + e);
        }
    }

    /** Sends every message back. */
    private static final class Echo implements Listener {
        @Override
        public void onMessage(Connection connection, MessageView message) throws IOException {
            connection.writeMessage(message);
        }
    }

    /** What Jetty answers itself. */
    private static final class Page extends Handler.Abstract.NonBlocking {
        @Override
        public boolean handle(Request request, Response response, Callback callback) {
            if (!Request.getPathInContext(request).equals("/")) {
                return false;
            }
            response.getHeaders().put(HttpHeader.CONTENT_TYPE, "text/plain; charset=utf-8");
            Content.Sink.write(response, true, "Gibbon in Jetty: WebSockets at /echo and /echo/event\n", callback);
            return true;
        }
    }
}
