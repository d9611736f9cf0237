// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.peers.vertx;

import dev.gibbon.peers.common.Settings;
import io.vertx.core.DeploymentOptions;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.ServerWebSocket;
import io.vertx.core.net.PemKeyCertOptions;
import java.util.HashSet;
import java.util.Set;

/** Vert.x with its native transport: one instance of the verticle per event loop, all on the same port. */
public final class Main {
    private Main() {}

    public static void main(String[] args) {
        Settings settings = Settings.of(args);
        int loops = settings.loops().orElse(VertxOptions.DEFAULT_EVENT_LOOP_POOL_SIZE);
        Vertx vertx =
                Vertx.vertx(new VertxOptions().setPreferNativeTransport(true).setEventLoopPoolSize(loops));
        if (!vertx.isNativeTransportEnabled()) {
            System.err.println("no native transport: " + vertx.unavailableNativeTransportCause());
        }
        HttpServerOptions options = options(settings);
        vertx.deployVerticle(() -> new Server(options), new DeploymentOptions().setInstances(loops))
                .toCompletionStage()
                .toCompletableFuture()
                .join();
        Settings.ready();
    }

    private static HttpServerOptions options(Settings settings) {
        HttpServerOptions options = new HttpServerOptions()
                .setHost("0.0.0.0")
                .setPort(settings.port())
                .setAcceptBacklog(Settings.BACKLOG)
                .setMaxWebSocketFrameSize(Settings.MAX_MESSAGE_BYTES)
                .setMaxWebSocketMessageSize(Settings.MAX_MESSAGE_BYTES)
                .setPerFrameWebSocketCompressionSupported(false)
                .setPerMessageWebSocketCompressionSupported(settings.deflate())
                .setWebSocketCompressionLevel(settings.deflateLevel())
                .setWebSocketAllowServerNoContext(!settings.takeover())
                .setWebSocketPreferredClientNoContext(!settings.takeover());
        settings.tls()
                .ifPresent(pem -> options.setSsl(true)
                        .setKeyCertOptions(new PemKeyCertOptions()
                                .setCertPath(pem.certificate().toString())
                                .setKeyPath(pem.key().toString())));
        return options;
    }

    private static final class Server extends VerticleBase {
        private static final String TEXT = "broadcast.text";
        private static final String BINARY = "broadcast.binary";

        private final HttpServerOptions options;

        // Event loop only: the connections of this loop.
        private final Set<ServerWebSocket> members = new HashSet<>();

        private Server(HttpServerOptions options) {
            this.options = options;
        }

        @Override
        public Future<?> start() {
            vertx.eventBus()
                    .<String>consumer(TEXT, message -> members.forEach(to -> to.writeTextMessage(message.body())));
            vertx.eventBus()
                    .<Buffer>consumer(BINARY, message -> members.forEach(to -> to.writeBinaryMessage(message.body())));
            return vertx.createHttpServer(options)
                    .webSocketHandler(this::accept)
                    .listen();
        }

        private void accept(ServerWebSocket connection) {
            switch (connection.path()) {
                case "/echo" -> {
                    connection.textMessageHandler(connection::writeTextMessage);
                    connection.binaryMessageHandler(connection::writeBinaryMessage);
                }
                case "/broadcast" -> {
                    members.add(connection);
                    connection.closeHandler(_ -> members.remove(connection));
                    connection.textMessageHandler(text -> vertx.eventBus().publish(TEXT, text));
                    connection.binaryMessageHandler(bytes -> vertx.eventBus().publish(BINARY, bytes));
                }
                default -> connection.close();
            }
        }
    }
}
