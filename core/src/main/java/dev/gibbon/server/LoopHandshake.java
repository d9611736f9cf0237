// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.server;

import dev.gibbon.Headers;
import dev.gibbon.connection.HoldUp;
import dev.gibbon.connection.RequestContext;
import dev.gibbon.connection.WebSocketConnection;
import dev.gibbon.handshake.HttpStatus;
import dev.gibbon.http.HeadWriter;
import dev.gibbon.http.ResponseHead;
import dev.gibbon.spi.UpgradeReply;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * An acceptable opening handshake on the route of a listener, on the loop that is to serve the connection. In a turn
 * only.
 */
record LoopHandshake(ListenerRoute route, Opening opening, long wholeMessageBytes) {
    /**
     * {@return the handshake of a request}
     * A refusal, and what the application throws, is for a thread; then it is null.
     */
    static @Nullable LoopHandshake of(ListenerRoute route, HttpConnection http, Received request, HoldUp holdUp) {
        HttpSide server = http.server();
        holdUp.begin(route.listener());
        try {
            long wholeBytes = route.listener().wholeMessageBytes();
            return switch (server.reply(route.upgrader(), request, Headers.of(), http.entry(), null)) {
                case UpgradeReply.Refused _ -> null;
                case UpgradeReply.Accepted accepted -> new LoopHandshake(route, Opening.of(accepted), wholeBytes);
            };
        } catch (RuntimeException | Error e) {
            // Code of the application, which is asked again there.
            server.log().debug("an origin policy or a listener threw on a loop", e);
            return null;
        } finally {
            holdUp.end();
        }
    }

    RequestContext context(long id, String path) {
        return RequestContext.routed(id, route.pattern(), path, null, null);
    }

    ByteBuffer head() {
        int status = opening.status();
        return ByteBuffer.wrap(
                HeadWriter.bytes(new ResponseHead("HTTP/1.1", status, HttpStatus.text(status), opening.headers())));
    }

    void listen(WebSocketConnection connection) {
        connection.listen(route.listener(), wholeMessageBytes);
    }
}
