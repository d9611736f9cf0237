// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.netty;

import dev.gibbon.ConnectionHandler;
import dev.gibbon.Listener;
import dev.gibbon.Upgrader;
import dev.gibbon.WebSocketHost;
import dev.gibbon.spi.HostLoop;
import dev.gibbon.spi.Routes;
import io.netty.channel.ChannelHandler;
import io.netty.util.concurrent.EventExecutor;
import java.time.Duration;
import java.util.Objects;

/**
 * WebSockets of Gibbon in the pipelines of Netty: some paths lead to them, and every other request goes on down the
 * pipeline. A connection runs on the event loop of its channel, without a hop to another thread. Immutable, and for any
 * thread: an application makes one, and puts its handlers into each pipeline.
 *
 * <pre>{@code
 * GibbonNetty gibbon = GibbonNetty.builder(host)
 *         .serve("/echo", upgrader, ws -> ws.forEachMessage(ws::writeMessage))
 *         .listen("/chat", upgrader, listener)
 *         .build();
 * // HTTP/1.1, in the initializer of a channel:
 * channel.pipeline().addLast(new HttpServerCodec(), gibbon.http1(), new Pages());
 * // HTTP/2:
 * channel.pipeline().addLast(
 *         Http2FrameCodecBuilder.forServer()
 *                 .initialSettings(Http2Settings.defaultSettings().connectProtocolEnabled(true))
 *                 .build(),
 *         new Http2MultiplexHandler(gibbon.http2()));
 * }</pre>
 *
 * <p>Close the {@link WebSocketHost} before the event loops are shut down: then peers get 1001.
 */
public final class GibbonNetty {
    private final WebSocketHost host;
    private final Routes<NettyHandler> routes;
    private final Duration handshakeTimeout;
    private final ChannelHandler http1 = new Http1Handler(this);

    private GibbonNetty(Builder from) {
        this.host = from.host;
        this.routes = from.routes;
        this.handshakeTimeout = from.handshakeTimeout;
    }

    /**
     * {@return a builder without routes}
     *
     * @param host has the connections; the application closes it
     */
    public static Builder builder(WebSocketHost host) {
        return new Builder(Objects.requireNonNull(host, "host"));
    }

    /**
     * {@return what takes requests of HTTP/1.1 whose path is a route's, in every pipeline} It stands behind the {@code
     * HttpServerCodec} and whatever else has to see these requests, and before the application's own handlers, which
     * get all other requests untouched.
     *
     * <p>A channel whose request it takes is no HTTP any more: once the request is whole, the codec and everything
     * behind it are taken out of the pipeline, and the client gets 101, or a refusal with which its connection ends
     * (RFC 6455 §4.2.2). What stands before the codec stays, such as TLS or the shaping of traffic.
     */
    public ChannelHandler http1() {
        return http1;
    }

    /**
     * {@return what takes extended CONNECTs of HTTP/2 whose path is a route's (RFC 8441), in the pipeline of every
     * stream} It is what an {@code Http2MultiplexHandler} is made with, or stands first in a pipeline that an
     * initializer makes of each stream; all other requests go on there as they came, but those for a WebSocket at
     * another path, which get 404. The server's settings must say {@code connectProtocolEnabled(true)}, or no client
     * asks. Needs {@code netty-codec-http2}.
     */
    public ChannelHandler http2() {
        return new Http2Handler(this);
    }

    WebSocketHost host() {
        return host;
    }

    Routes<NettyHandler> routes() {
        return routes;
    }

    Duration handshakeTimeout() {
        return handshakeTimeout;
    }

    /** {@return the loop of an event thread of Netty, which is the calling one} */
    HostLoop loop(EventExecutor executor) {
        return host.loop(Thread.currentThread().getName(), executor, executor::inEventLoop);
    }

    /** Collects routes. Not safe for use by several threads. */
    public static final class Builder {
        private final WebSocketHost host;
        private final Routes<NettyHandler> routes = new Routes<>();
        private Duration handshakeTimeout = Duration.ofSeconds(10);

        private Builder(WebSocketHost host) {
            this.host = host;
        }

        /**
         * Has a handler answer the requests for a path, with regard to what they ask: path parameters, query, cookies.
         * It is asked before the opening handshake is checked, and may answer later.
         *
         * @param pattern such as {@code /echo}, <code>/room/{name}</code> or {@code /all/*}; see {@link Routes}
         * @param handler answers, on the event loop
         * @return this
         * @throws IllegalArgumentException if the pattern is malformed or there is one for the same paths
         */
        public Builder handle(String pattern, NettyHandler handler) {
            routes.add(pattern, Objects.requireNonNull(handler, "handler"));
            return this;
        }

        /**
         * Serves the WebSockets of a path, each on a virtual thread of its own, which {@code handler} reads from top to
         * bottom; it is closed with 1000 when the handler returns and with 1011 when it throws, which is logged.
         *
         * @param pattern as for {@link #handle}
         * @param upgrader checks the opening handshake
         * @param handler serves a connection
         * @return this
         * @throws IllegalArgumentException if the pattern is malformed or there is one for the same paths
         */
        public Builder serve(String pattern, Upgrader upgrader, ConnectionHandler handler) {
            Objects.requireNonNull(upgrader, "upgrader");
            Objects.requireNonNull(handler, "handler");
            return handle(pattern, request -> request.serve(upgrader, handler));
        }

        /**
         * Gives the WebSockets of a path to a listener, which is called on Netty's event loops and must not block them.
         *
         * @param pattern as for {@link #handle}
         * @param upgrader checks the opening handshake
         * @param listener whose connections they are
         * @return this
         * @throws IllegalArgumentException if the pattern is malformed or there is one for the same paths
         */
        public Builder listen(String pattern, Upgrader upgrader, Listener listener) {
            Objects.requireNonNull(upgrader, "upgrader");
            Objects.requireNonNull(listener, "listener");
            return handle(pattern, request -> request.listen(upgrader, listener));
        }

        /**
         * Bounds how long a {@linkplain #handle handler} may take to answer a request; then the client gets 503. 10 s
         * unless set.
         *
         * @param timeout positive
         * @return this
         * @throws IllegalArgumentException if it is not
         */
        public Builder handshakeTimeout(Duration timeout) {
            if (!timeout.isPositive()) {
                throw new IllegalArgumentException("handshakeTimeout " + timeout + " is not positive");
            }
            handshakeTimeout = timeout;
            return this;
        }

        /** {@return what was set up} */
        public GibbonNetty build() {
            return new GibbonNetty(this);
        }
    }
}
