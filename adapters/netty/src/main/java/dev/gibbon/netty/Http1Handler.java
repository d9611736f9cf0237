// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.netty;

import dev.gibbon.spi.Routes;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelPipeline;
import io.netty.handler.codec.http.HttpRequest;
import java.util.Optional;

/** Looks at the requests of HTTP/1.1: those for our routes are taken, all others go on. */
@ChannelHandler.Sharable
final class Http1Handler extends ChannelInboundHandlerAdapter {
    private final GibbonNetty gibbon;

    Http1Handler(GibbonNetty gibbon) {
        this.gibbon = gibbon;
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        if (message instanceof HttpRequest request && request.decoderResult().isSuccess()) {
            Http1Target target = Http1Target.of(request.uri());
            Optional<Routes.Match<NettyHandler>> match = gibbon.routes().match(NettyRequest.path(target.origin()));
            if (match.isPresent()) {
                Http1Opening opening = new Http1Opening(gibbon, request, target, match.get(), context.channel());
                ChannelPipeline _ = context.pipeline().replace(this, null, opening);
                opening.channelRead(message);
                return;
            }
        }
        ChannelHandlerContext _ = context.fireChannelRead(message);
    }
}
