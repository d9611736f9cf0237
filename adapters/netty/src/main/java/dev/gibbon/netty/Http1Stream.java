// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.netty;

import dev.gibbon.spi.HostLoop;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelConfig;
import io.netty.channel.ChannelException;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOption;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.DuplexChannel;
import io.netty.handler.ssl.SslCloseCompletionEvent;
import io.netty.util.concurrent.EventExecutor;
import org.jspecify.annotations.Nullable;

/** A channel that was HTTP/1.1 and carries nothing but the frames of one connection. */
final class Http1Stream extends NettyStream {
    Http1Stream(Channel channel, EventExecutor events, HostLoop loop) {
        super(channel, events, loop);
    }

    /** From now on Netty reads when it is asked to, and leaves it to the connection to end the channel. */
    void takeOver() {
        ChannelConfig _ = netty().config().setAutoRead(false);
        boolean _ = netty().config().setOption(ChannelOption.AUTO_CLOSE, false);
        boolean _ = netty().config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, true);
    }

    @Override
    Object outbound(ByteBuf bytes) {
        return bytes;
    }

    @Override
    @Nullable
    ByteBuf inbound(Object message) {
        return message instanceof ByteBuf bytes ? bytes : null;
    }

    /** An event tells. */
    @Override
    boolean isLast(Object message) {
        return false;
    }

    @Override
    void event(Object event) {
        if (event instanceof ChannelInputShutdownEvent || SslCloseCompletionEvent.SUCCESS.equals(event)) {
            inputEnds(null);
        }
    }

    @Override
    Channel carrier() {
        return netty();
    }

    /** TLS 1.2 cannot, and Netty's handler knows only the end of both directions. */
    @Override
    public boolean halfCloses() {
        return netty() instanceof DuplexChannel && tls(netty()).isEmpty();
    }

    @Override
    public void shutdownOutput() {
        if (netty() instanceof DuplexChannel duplex) {
            duplex.shutdownOutput().addListener(ChannelFutureListener.CLOSE_ON_FAILURE);
        }
    }

    /** Past TLS, which would wait for its last record to leave. */
    @Override
    public void abort() {
        ends();
        try {
            boolean _ = netty().config().setOption(ChannelOption.SO_LINGER, 0);
        } catch (ChannelException _) {
            // It is closed already.
        }
        ChannelHandlerContext first = netty().pipeline().firstContext();
        if (first == null) {
            ChannelFuture _ = netty().close();
        } else {
            ChannelFuture _ = first.close();
        }
    }
}
