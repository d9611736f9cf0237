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
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpRequestDecoder;
import io.netty.handler.codec.http.HttpResponseEncoder;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.ReferenceCountUtil;
import java.net.SocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One request of HTTP/1.1 for a route of ours: once it is whole its channel is no HTTP any more, and what comes behind
 * it is kept for the connection that it may become.
 */
final class Http1Opening extends ChannelInboundHandlerAdapter implements NettyRequest.Answer {
    private static final byte[] NO_BODY = {};

    private final GibbonNetty gibbon;
    private final Channel channel;
    private final Routes.Match<NettyHandler> match;
    private final UpgradeRequest asked;
    private final String target;
    private final boolean head;
    private @Nullable Http1Stream stream;

    /** Copies what is asked of a request; releases nothing. */
    Http1Opening(
            GibbonNetty gibbon,
            HttpRequest request,
            Http1Target target,
            Routes.Match<NettyHandler> match,
            Channel channel) {
        this.gibbon = gibbon;
        this.channel = channel;
        this.match = match;
        this.target = target.origin();
        this.head = HttpMethod.HEAD.equals(request.method());
        this.asked = asked(request, target, channel);
    }

    private static UpgradeRequest asked(HttpRequest request, Http1Target target, Channel channel) {
        String host = request.headers().get(HttpHeaderNames.HOST, "");
        UpgradeRequest asked = UpgradeRequest.http(
                        request.method().name(),
                        request.protocolVersion().text(),
                        target.authority().orElse(host),
                        NettyStream.tls(channel).isPresent(),
                        Fields.of(request.headers()))
                .at(NettyRequest.path(target.origin()));
        SocketAddress peer = channel.remoteAddress();
        return peer == null ? asked : asked.from(peer);
    }

    // ---- Until the request is whole

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        channelRead(message);
    }

    /** The head, or a piece of what comes behind it. */
    void channelRead(Object message) {
        boolean last = message instanceof LastHttpContent;
        ReferenceCountUtil.safeRelease(message);
        if (last) {
            isWhole();
        }
    }

    private void isWhole() {
        ChannelPipeline pipeline = channel.pipeline();
        ChannelHandlerContext context = pipeline.context(this);
        Http1Stream taken = new Http1Stream(channel, context.executor(), gibbon.loop(context.executor()));
        stream = taken;
        taken.takeOver();
        removeHandlers(pipeline);
        ChannelPipeline _ = pipeline.replace(this, null, taken);
        removeDecoder(pipeline);
        new NettyRequest(gibbon.host(), asked, target, match, channel, context.executor(), this)
                .handle(gibbon.handshakeTimeout());
    }

    /** Takes out what stands behind the codec: it speaks HTTP. */
    private void removeHandlers(ChannelPipeline pipeline) {
        boolean behind = false;
        List<ChannelHandler> speakHttp = new ArrayList<>();
        for (Map.Entry<String, ChannelHandler> entry : pipeline) {
            ChannelHandler handler = entry.getValue();
            boolean codec = handler instanceof HttpServerCodec
                    || handler instanceof HttpRequestDecoder
                    || handler instanceof HttpResponseEncoder;
            if (behind && !codec && !equals(handler)) {
                speakHttp.add(handler);
            }
            behind |= codec;
        }
        speakHttp.forEach(pipeline::remove);
    }

    /** What it has read behind the request comes to the stream then. */
    private static void removeDecoder(ChannelPipeline pipeline) {
        HttpServerCodec codec = pipeline.get(HttpServerCodec.class);
        if (codec != null) {
            codec.removeInboundHandler();
        }
        HttpRequestDecoder decoder = pipeline.get(HttpRequestDecoder.class);
        if (decoder != null) {
            ChannelPipeline _ = pipeline.remove(decoder);
        }
    }

    private static void removeEncoder(ChannelPipeline pipeline) {
        HttpServerCodec codec = pipeline.get(HttpServerCodec.class);
        if (codec != null) {
            ChannelPipeline _ = pipeline.remove(codec);
        }
        HttpResponseEncoder encoder = pipeline.get(HttpResponseEncoder.class);
        if (encoder != null) {
            ChannelPipeline _ = pipeline.remove(encoder);
        }
    }

    // ---- The answer

    @Override
    public void refuse(UpgradeReply.Refused refused) {
        Http1Stream taken = stream;
        if (taken != null && taken.isUsable()) {
            byte[] body = refused.body();
            DefaultFullHttpResponse response = response(refused.status(), refused.headers(), head ? NO_BODY : body);
            HttpHeaders _ = response.headers().set(HttpHeaderNames.CONTENT_LENGTH, body.length);
            if (!response.headers().contains(HttpHeaderNames.CONNECTION)) {
                HttpHeaders _ = response.headers().set(HttpHeaderNames.CONNECTION, HttpHeaderValues.CLOSE);
            }
            taken.endWith(response);
        }
    }

    @Override
    public @Nullable NettyStream accept(UpgradeReply.Accepted accepted) {
        Http1Stream taken = stream;
        if (taken == null || !taken.isUsable()) {
            return null;
        }
        ChannelFuture _ = taken.context().writeAndFlush(response(accepted.status(), accepted.headers(), NO_BODY));
        removeEncoder(channel.pipeline());
        return taken;
    }

    private static DefaultFullHttpResponse response(int status, Headers fields, byte[] body) {
        DefaultFullHttpResponse response = new DefaultFullHttpResponse(
                HttpVersion.HTTP_1_1, HttpResponseStatus.valueOf(status), Unpooled.wrappedBuffer(body));
        for (Headers.Field field : fields) {
            response.headers().add(field.name(), field.value());
        }
        return response;
    }
}
