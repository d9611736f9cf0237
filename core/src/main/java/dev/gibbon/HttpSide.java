// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import dev.gibbon.internal.http.HeadLimits;
import java.nio.ByteBuffer;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** What an accepted transport asks of the server that it belongs to. Any thread. */
interface HttpSide {
    /** Opens the WebSocket that {@code from} has become; {@code leftover} came behind its request. */
    WebSocketConnection open( HttpConnection from, Opening opening, Carrier carrier, ByteBuffer leftover, RequestContext request);

    void ended(HttpConnection connection);

    LoopEngine engine();

    LimitedLog log();

    HeadLimits headLimits();

    Duration handshakeTimeout();

    boolean isShuttingDown();

    /** {@return the route whose listener gets this path's connections, if there is one} */
    @Nullable
    ListenerRoute listenerRoute(String path);

    Routes.Match match(String path, boolean overLimit);
}
