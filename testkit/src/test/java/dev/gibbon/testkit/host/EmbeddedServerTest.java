// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.testkit.host;

import dev.gibbon.Connection;
import dev.gibbon.WebSocketServer;
import java.util.Map;

/** The library's own server passes the suite of those that others have made. */
class EmbeddedServerTest extends HostSuite {
    private record Running(WebSocketServer server) implements RunningHost {
        @Override
        public int port() {
            return server.port();
        }

        @Override
        public void close() {
            server.close();
        }
    }

    @Override
    protected RunningHost start(Site site) throws Exception {
        WebSocketServer.Builder server = WebSocketServer.builder().bind("127.0.0.1", 0);
        site.tls().map(TlsFiles::context).ifPresent(context -> server.tls(context));
        site.idle().ifPresent(server::handshakeTimeout);
        site.handlers().forEach((path, handler) -> server.serve(path, site.upgrader(), handler));
        site.listeners().forEach((path, listener) -> server.listen(path, site.upgrader(), listener));
        server.handle("/plain", exchange -> exchange.respond(200, "text/plain", "plain"));
        server.handle("/room/{name}", exchange -> {
            String name = exchange.pathParameter("name");
            try (Connection connection = site.upgrader().upgrade(exchange)) {
                site.room().apply(name).handle(connection);
            }
        });
        return new Running(server.start());
    }

    @Override
    protected Map<Ability, String> cannot() {
        String one = "the server and its WebSockets end together, and peers get 1001";
        return Map.of(Ability.HOST_GOES_ON, one, Ability.HOST_STOPS_FIRST, one);
    }

    @Override
    protected int connectionCount(Site site, RunningHost running) {
        return ((Running) running).server.connectionCount();
    }

    @Override
    protected void closeConnections(Site site, RunningHost running) {
        ((Running) running).server.close();
    }
}
