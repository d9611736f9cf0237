// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.helidon;

import dev.gibbon.Headers;
import dev.gibbon.spi.Routes;
import dev.gibbon.spi.UpgradeRequest;
import io.helidon.common.socket.PeerInfo;
import io.helidon.http.Header;
import io.helidon.http.HeaderNames;
import io.helidon.http.HttpPrologue;
import io.helidon.webserver.ConnectionContext;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnknownHostException;
import java.util.HashMap;
import java.util.Map;

/** Requests of Helidon, as the opening handshake looks at them. */
final class Requests {
    private Requests() {}

    static UpgradeRequest of(ConnectionContext context, HttpPrologue prologue, io.helidon.http.Headers headers) {
        return UpgradeRequest.http(
                        prologue.method().text(),
                        prologue.rawProtocol(),
                        headers.first(HeaderNames.HOST).orElse(""),
                        context.isSecure(),
                        fields(headers))
                .from(address(context.remotePeer()))
                .at(prologue.uriPath().rawPath());
    }

    /** {@return the address without the name that Helidon has looked up for TLS} */
    static SocketAddress address(PeerInfo end) {
        if (end.address() instanceof InetSocketAddress inet && inet.getAddress() != null) {
            try {
                return new InetSocketAddress(
                        InetAddress.getByAddress(inet.getAddress().getAddress()), inet.getPort());
            } catch (UnknownHostException e) {
                throw new IllegalStateException("an address of another length", e);
            }
        }
        return end.address();
    }

    /** None at all if one is malformed, which the opening handshake then refuses. */
    private static Headers fields(io.helidon.http.Headers headers) {
        Headers.Builder fields = Headers.builder();
        try {
            for (Header header : headers) {
                for (String value : header.allValues()) {
                    Headers.Builder _ = fields.add(header.name(), value);
                }
            }
        } catch (IllegalArgumentException _) {
            return Headers.of();
        }
        return fields.build();
    }

    /** {@return what the path gave for the names of a pattern, decoded} */
    static Map<String, String> parameters(Routes.Match<?> match) {
        Map<String, String> decoded = new HashMap<>();
        for (String name : match.parameters().keySet()) {
            String _ = decoded.put(name, match.parameter(name));
        }
        return Map.copyOf(decoded);
    }
}
