// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.undertow;

import dev.gibbon.testkit.host.HostSuite;
import dev.gibbon.testkit.host.RunningHost;
import dev.gibbon.testkit.host.Site;
import io.undertow.Handlers;
import io.undertow.Undertow;
import io.undertow.UndertowOptions;
import io.undertow.server.HttpServerExchange;
import io.undertow.server.handlers.PathTemplateHandler;
import io.undertow.util.PathTemplateMatch;
import org.xnio.Options;

/** Undertow with HTTP/1.1. */
class UndertowHostTest extends HostSuite {
    @Override
    protected RunningHost start(Site site) {
        Undertow.Builder builder = Undertow.builder();
        if (site.tls().isPresent()) {
            builder.addHttpsListener(
                    0, UndertowServer.ADDRESS, site.tls().orElseThrow().context(), routes(site));
        } else {
            builder.addHttpListener(0, UndertowServer.ADDRESS, routes(site));
        }
        site.idle().ifPresent(idle -> {
            int millis = Math.toIntExact(idle.toMillis());
            builder.setSocketOption(Options.READ_TIMEOUT, millis)
                    .setSocketOption(Options.WRITE_TIMEOUT, millis)
                    .setServerOption(UndertowOptions.NO_REQUEST_TIMEOUT, millis)
                    .setServerOption(UndertowOptions.REQUEST_PARSE_TIMEOUT, millis);
        });
        return UndertowServer.start(builder);
    }

    private static PathTemplateHandler routes(Site site) {
        GibbonUndertow gibbon = GibbonUndertow.of(site.host());
        PathTemplateHandler routes = Handlers.pathTemplate()
                .add("/plain", exchange -> exchange.getResponseSender().send("plain"))
                .add(
                        "/room/{name}",
                        exchange -> gibbon.serve(
                                exchange, site.upgrader(), site.room().apply(name(exchange))));
        site.handlers().forEach((path, handler) -> routes.add(path, gibbon.serve(site.upgrader(), handler)));
        site.listeners().forEach((path, listener) -> routes.add(path, gibbon.listen(site.upgrader(), listener)));
        return routes;
    }

    private static String name(HttpServerExchange exchange) {
        return exchange.getAttachment(PathTemplateMatch.ATTACHMENT_KEY)
                .getParameters()
                .get("name");
    }
}
