// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.helidon;

import dev.gibbon.testkit.host.Ability;
import dev.gibbon.testkit.host.HostSuite;
import dev.gibbon.testkit.host.RunningHost;
import dev.gibbon.testkit.host.Site;
import io.helidon.common.tls.Tls;
import io.helidon.webserver.WebServer;
import io.helidon.webserver.WebServerConfig;
import java.util.Map;

/** Helidon with HTTP/1.1. */
class HelidonHostTest extends HostSuite {
    @Override
    protected Map<Ability, String> cannot() {
        return Map.of(
                Ability.REFUSALS, "a request that does not name websocket in Upgrade goes to Helidon's routing",
                Ability.TLS_SESSION, "Helidon tells of the certificate alone");
    }

    @Override
    protected RunningHost start(Site site) {
        GibbonHelidon gibbon = GibbonHelidon.of(site.host())
                .serve(
                        "/room/{name}",
                        site.upgrader(),
                        (_, _, parameters) -> site.room().apply(parameters.get("name")));
        site.handlers().forEach((path, handler) -> gibbon.serve(path, site.upgrader(), handler));
        site.listeners().forEach((path, listener) -> gibbon.listen(path, site.upgrader(), listener));
        WebServerConfig.Builder config = WebServer.builder()
                .host("127.0.0.1")
                .port(0)
                .shutdownHook(false)
                .addConnectionSelector(gibbon.selector())
                .connectionOptions(options -> {
                    options.tcpNoDelay(true);
                    site.idle().ifPresent(options::readTimeout);
                })
                .routing(routing -> routing.get("/plain", (request, response) -> response.send("plain")));
        site.idle().ifPresent(idle -> config.idleConnectionTimeout(idle).idleConnectionPeriod(idle));
        site.tls()
                .ifPresent(tls ->
                        config.tls(Tls.builder().sslContext(tls.context()).build()));
        WebServer server = config.build().start();
        return new Running(server);
    }

    private record Running(WebServer server) implements RunningHost {
        @Override
        public int port() {
            return server.port();
        }

        @Override
        public void close() {
            WebServer _ = server.stop();
        }
    }
}
