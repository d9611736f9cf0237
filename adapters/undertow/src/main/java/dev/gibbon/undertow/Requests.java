// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.undertow;

import dev.gibbon.Headers;
import dev.gibbon.spi.UpgradeRequest;
import io.undertow.server.HttpServerExchange;
import io.undertow.util.HeaderValues;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URISyntaxException;

/** Requests of Undertow, as the opening handshake looks at them. */
final class Requests {
    private Requests() {}

    /** {@return the request of an exchange, with scheme, host and client as Undertow takes them behind a proxy} */
    static UpgradeRequest of(HttpServerExchange exchange) {
        UpgradeRequest asked = UpgradeRequest.http(
                        exchange.getRequestMethod().toString(),
                        exchange.getProtocol().toString(),
                        authority(exchange),
                        exchange.getRequestScheme().equals("https"),
                        fields(exchange))
                .at(exchange.getRequestPath());
        InetSocketAddress client = exchange.getSourceAddress();
        return client == null ? asked : asked.from(client);
    }

    private static String authority(HttpServerExchange exchange) {
        if (exchange.isHostIncludedInRequestURI()) {
            try {
                String authority = new URI(exchange.getRequestURI()).getRawAuthority();
                return authority == null ? "" : authority;
            } catch (URISyntaxException _) {
                return "";
            }
        }
        String host = exchange.getRequestHeaders().getFirst(io.undertow.util.Headers.HOST);
        return host == null ? "" : host;
    }

    /** None at all if one is malformed, which Undertow lets pass and the opening handshake then refuses. */
    private static Headers fields(HttpServerExchange exchange) {
        Headers.Builder fields = Headers.builder();
        try {
            for (HeaderValues values : exchange.getRequestHeaders()) {
                for (String value : values) {
                    Headers.Builder _ = fields.add(values.getHeaderName().toString(), value);
                }
            }
        } catch (IllegalArgumentException _) {
            return Headers.of();
        }
        return fields.build();
    }
}
