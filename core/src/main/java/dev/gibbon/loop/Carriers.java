// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.loop;

import dev.gibbon.connection.Carrier;
import dev.gibbon.spi.AsyncStream;
import dev.gibbon.spi.Transport;
import dev.gibbon.transport.LoopTransport;
import dev.gibbon.transport.Stream;
import java.io.IOException;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SocketChannel;
import java.util.Optional;

/** Chooses what drives a connection: a loop for what a loop can serve, a pump for what can only block. */
public final class Carriers {
    private Carriers() {}

    /** {@return a loop for a transport that one can serve, else a pump} */
    public static Carrier of(LoopEngine engine, Transport transport) {
        return of(engine, transport, engine.loops().next());
    }

    /** The same, with the loop that would serve it. */
    public static Carrier of(LoopEngine engine, Transport transport, SelectorLoop loop) {
        if (transport instanceof LoopTransport socket) {
            try {
                Optional<SocketChannel> channel = socket.enterLoop();
                if (channel.isPresent()) {
                    return new Carrier(socket, driven -> new ChannelDriver(loop, channel.get(), driven));
                }
            } catch (IOException e) {
                engine.log().debug("closed before it was open", e); // The first read tells.
            }
        }
        return of(loop, new PumpedStream(transport, engine));
    }

    /**
     * {@return a stream that tells by calls when it is ready, or by its channel: served by its own loop if it has
     * one}
     */
    public static Carrier of(LoopEngine engine, AsyncStream stream) {
        Stream end = new AsyncStreamEnd(stream);
        Optional<SelectableChannel> channel = stream.channel();
        if (channel.isPresent()) {
            SelectorLoop loop = engine.loops().next();
            return new Carrier(end, driven -> new ChannelDriver(loop, channel.get(), driven));
        }
        EventLoop loop = stream.loop().map(HostedLoop::of).orElseGet(engine.loops()::next);
        return new Carrier(end, driven -> new StreamDriver(loop, stream, driven));
    }

    /** {@return a stream that tells by calls when it is ready, served by {@code loop}} */
    public static Carrier of(EventLoop loop, AsyncStream stream) {
        return new Carrier(new AsyncStreamEnd(stream), driven -> new StreamDriver(loop, stream, driven));
    }
}
