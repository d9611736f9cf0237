// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.server;

import dev.gibbon.Exchange;
import dev.gibbon.Headers;
import dev.gibbon.Upgrader;
import dev.gibbon.connection.Carrier;
import dev.gibbon.connection.RequestContext;
import dev.gibbon.connection.WebSocketConnection;
import dev.gibbon.http.HeadLimits;
import dev.gibbon.loop.LoopEngine;
import dev.gibbon.spi.UpgradeReply;
import dev.gibbon.support.LimitedLog;
import java.nio.ByteBuffer;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** What an accepted transport asks of the server that it belongs to. Any thread. */
public interface HttpSide {
    /** {@return the proxies whose word counts} */
    ProxyTrust proxies();

    /** {@return whether users are told apart, for which their requests have to be looked at on a thread} */
    boolean knowsUsers();

    /**
     * {@return what a request gets to hear before anything else looks at it: its transport is one too many, or its
     * opening handshake comes too soon after others of its address; null if neither is so}
     */
    UpgradeReply.@Nullable Refused refusal(Entry entry, Received request);

    /**
     * {@return the answer to an opening handshake}
     *
     * @param exchange what the user is known by; null if users are not told apart
     */
    UpgradeReply reply(Upgrader upgrader, Received request, Headers extra, Entry entry, @Nullable Exchange exchange);

    /** Opens the WebSocket that {@code from} has become; {@code leftover} came behind its request. */
    WebSocketConnection open(
            HttpConnection from, Opening opening, Carrier carrier, ByteBuffer leftover, RequestContext request);

    void ended(HttpConnection connection);

    LoopEngine engine();

    LimitedLog log();

    HeadLimits headLimits();

    Duration handshakeTimeout();

    /** {@return how long a request's body may take, once it is asked for} */
    Duration bodyTimeout();

    boolean isShuttingDown();

    /** {@return what answers a request, whatever it is} */
    HttpRoutes.Found find(String method, String path);
}
