// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.netty;

import dev.gibbon.Headers;
import dev.gibbon.spi.Routes;
import dev.gibbon.spi.UpgradeReply;
import dev.gibbon.spi.UpgradeRequest;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelPipeline;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http2.DefaultHttp2DataFrame;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.DefaultHttp2HeadersFrame;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2HeadersFrame;
import io.netty.util.AsciiString;
import java.net.SocketAddress;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Looks at the requests of HTTP/2: extended CONNECTs for our routes are taken (RFC 8441 §4), and those for a
 * WebSocket elsewhere get 404, since what stands behind would wait for their end. All others go on.
 */
@ChannelHandler.Sharable
final class Http2Handler extends ChannelInboundHandlerAdapter {
    private static final AsciiString PROTOCOL = Http2Headers.PseudoHeaderName.PROTOCOL.value();

    private final GibbonNetty gibbon;

    Http2Handler(GibbonNetty gibbon) {
        this.gibbon = gibbon;
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        if (message instanceof Http2HeadersFrame frame) {
            Http2Headers fields = frame.headers();
            CharSequence protocol = fields.get(PROTOCOL);
            if (protocol != null && HttpMethod.CONNECT.asciiName().contentEquals(text(fields.method()))) {
                String target = text(fields.path());
                Optional<Routes.Match<NettyHandler>> match = gibbon.routes().match(NettyRequest.path(target));
                if (match.isPresent()) {
                    take(context, frame, text(protocol), target, match.get());
                    return;
                }
                if (text(protocol).equals("websocket")) {
                    new StreamAnswer(takeOver(context, frame))
                            .refuse(NettyRequest.refusal(404, "text/plain", "404 Not Found\n", "no such path"));
                    return;
                }
            }
        }
        ChannelHandlerContext _ = context.fireChannelRead(message);
    }

    private static String text(@Nullable CharSequence value) {
        return value == null ? "" : value.toString();
    }

    private void take(
            ChannelHandlerContext context,
            Http2HeadersFrame frame,
            String protocol,
            String target,
            Routes.Match<NettyHandler> match) {
        Channel channel = context.channel();
        Http2Headers fields = frame.headers();
        UpgradeRequest asked = UpgradeRequest.extendedConnect(
                        protocol,
                        text(fields.authority()),
                        text(fields.scheme()).equals("https"),
                        Fields.of(fields))
                .at(NettyRequest.path(target));
        SocketAddress peer = channel.remoteAddress();
        Http2Stream stream = takeOver(context, frame);
        new NettyRequest(
                        gibbon.host(),
                        peer == null ? asked : asked.from(peer),
                        target,
                        match,
                        channel,
                        context.executor(),
                        new StreamAnswer(stream))
                .handle(gibbon.handshakeTimeout());
    }

    /** {@return the bytes behind a request, in the place of this handler and of all behind it} */
    private Http2Stream takeOver(ChannelHandlerContext context, Http2HeadersFrame frame) {
        Channel channel = context.channel();
        Http2Stream stream = new Http2Stream(channel, context.executor(), gibbon.loop(context.executor()));
        stream.takeOver();
        ChannelPipeline pipeline = channel.pipeline();
        while (pipeline.last() != null && !equals(pipeline.last())) {
            ChannelHandler _ = pipeline.removeLast();
        }
        ChannelPipeline _ = pipeline.replace(this, null, stream);
        if (frame.isEndStream()) {
            stream.inputEnds(null);
        }
        return stream;
    }

    /** Answers on the stream itself. */
    private record StreamAnswer(Http2Stream stream) implements NettyRequest.Answer {
        @Override
        public void refuse(UpgradeReply.Refused refused) {
            if (stream.isUsable()) {
                ChannelHandlerContext context = stream.context();
                ChannelFuture _ = context.write(head(refused));
                stream.endWith(new DefaultHttp2DataFrame(Unpooled.wrappedBuffer(refused.body())));
            }
        }

        @Override
        public @Nullable NettyStream accept(UpgradeReply.Accepted accepted) {
            if (!stream.isUsable()) {
                return null;
            }
            ChannelFuture _ = stream.context().writeAndFlush(head(accepted));
            return stream;
        }

        private static DefaultHttp2HeadersFrame head(UpgradeReply reply) {
            Http2Headers fields = new DefaultHttp2Headers().status(Integer.toString(reply.status()));
            for (Headers.Field field : reply.headers()) {
                Http2Headers _ = fields.add(field.name().toLowerCase(Locale.ROOT), field.value());
            }
            return new DefaultHttp2HeadersFrame(fields);
        }
    }
}
