// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.netty;

import dev.gibbon.spi.HostLoop;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelConfig;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.handler.codec.http2.DefaultHttp2DataFrame;
import io.netty.handler.codec.http2.DefaultHttp2ResetFrame;
import io.netty.handler.codec.http2.Http2DataFrame;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2HeadersFrame;
import io.netty.handler.codec.http2.Http2ResetFrame;
import io.netty.util.concurrent.EventExecutor;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** A stream of HTTP/2 whose DATA frames carry the frames of one connection (RFC 8441 §5). */
final class Http2Stream extends NettyStream {
    /** Whether the peer is told that no more bytes come. */
    private volatile boolean outputEnded;

    Http2Stream(Channel channel, EventExecutor events, HostLoop loop) {
        super(channel, events, loop);
    }

    /** From now on Netty reads when it is asked to. */
    void takeOver() {
        ChannelConfig _ = netty().config().setAutoRead(false);
    }

    @Override
    Object outbound(ByteBuf bytes) {
        return new DefaultHttp2DataFrame(bytes);
    }

    @Override
    @Nullable
    ByteBuf inbound(Object message) {
        return message instanceof Http2DataFrame data ? data.content() : null;
    }

    @Override
    boolean isLast(Object message) {
        return switch (message) {
            case Http2DataFrame data -> data.isEndStream();
            case Http2HeadersFrame trailers -> trailers.isEndStream();
            default -> false;
        };
    }

    @Override
    Channel carrier() {
        return netty().parent();
    }

    /** A reset is what a reset of TCP is elsewhere (RFC 8441 §5). */
    @Override
    void event(Object event) {
        if (event instanceof Http2ResetFrame reset) {
            IOException why = new IOException("the peer has reset the stream, error " + reset.errorCode());
            outputFails(why);
            inputEnds(why);
        }
    }

    @Override
    public void shutdownOutput() {
        endOutput().addListener(ChannelFutureListener.CLOSE_ON_FAILURE);
    }

    private ChannelFuture endOutput() {
        outputEnded = true;
        return context().writeAndFlush(new DefaultHttp2DataFrame(true));
    }

    /** Netty resets a stream whose output has not ended, which tells a browser that the close was none. */
    @Override
    public void close() {
        if (outputEnded || unsent() > 0 || !isUsable()) {
            super.close();
        } else {
            ends();
            endOutput().addListener(ChannelFutureListener.CLOSE);
        }
    }

    @Override
    public void abort() {
        ends();
        context().writeAndFlush(new DefaultHttp2ResetFrame(Http2Error.CANCEL)).addListener(ChannelFutureListener.CLOSE);
    }
}
