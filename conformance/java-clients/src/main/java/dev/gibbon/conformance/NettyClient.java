// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.conformance;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.codec.http.HttpClientCodec;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.websocketx.BinaryWebSocketFrame;
import io.netty.handler.codec.http.websocketx.CloseWebSocketFrame;
import io.netty.handler.codec.http.websocketx.TextWebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocketClientProtocolConfig;
import io.netty.handler.codec.http.websocketx.WebSocketClientProtocolHandler;
import io.netty.handler.codec.http.websocketx.WebSocketClientProtocolHandler.ClientHandshakeStateEvent;
import io.netty.handler.codec.http.websocketx.WebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocketFrameAggregator;
import io.netty.handler.codec.http.websocketx.extensions.compression.WebSocketClientCompressionHandler;
import java.net.URI;
import java.util.concurrent.TimeUnit;

final class NettyClient implements Client {
    private final MultiThreadIoEventLoopGroup loops = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());

    @Override
    public Class<?> library() {
        return WebSocketClientCompressionHandler.class;
    }

    @Override
    public void connect(URI url, Conversation conversation) throws Exception {
        WebSocketClientProtocolConfig config = WebSocketClientProtocolConfig.newBuilder()
                .webSocketUri(url)
                .allowExtensions(true)
                .maxFramePayloadLength(Judge.LARGE)
                .handleCloseFrames(false)
                .build();
        Bootstrap bootstrap = new Bootstrap()
                .group(loops)
                .channel(NioSocketChannel.class)
                .handler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        channel.pipeline()
                                .addLast(
                                        new HttpClientCodec(),
                                        new HttpObjectAggregator(8192),
                                        new WebSocketClientCompressionHandler(0),
                                        new WebSocketClientProtocolHandler(config),
                                        new WebSocketFrameAggregator(Judge.LARGE),
                                        new Receiving(conversation));
                    }
                });
        bootstrap.connect(url.getHost(), url.getPort()).sync();
    }

    private static final class Receiving extends SimpleChannelInboundHandler<WebSocketFrame> {
        private final Conversation conversation;

        Receiving(Conversation conversation) {
            this.conversation = conversation;
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext context, Object event) {
            if (event == ClientHandshakeStateEvent.HANDSHAKE_COMPLETE) {
                conversation.opened(new Sending(context.channel()));
            }
        }

        @Override
        protected void channelRead0(ChannelHandlerContext context, WebSocketFrame frame) {
            switch (frame) {
                case TextWebSocketFrame text -> conversation.text(text.text());
                case BinaryWebSocketFrame binary -> conversation.binary(ByteBufUtil.getBytes(binary.content()));
                case CloseWebSocketFrame close -> conversation.closed(close.statusCode());
                default -> {}
            }
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            conversation.failed(cause);
            context.close();
        }

        @Override
        public void channelInactive(ChannelHandlerContext context) {
            conversation.failed(new IllegalStateException("the connection is gone"));
        }
    }

    private record Sending(Channel channel) implements Conversation.Sending {
        @Override
        public void text(String text) throws Exception {
            channel.writeAndFlush(new TextWebSocketFrame(text)).sync();
        }

        @Override
        public void binary(byte[] bytes) throws Exception {
            channel.writeAndFlush(new BinaryWebSocketFrame(Unpooled.wrappedBuffer(bytes)))
                    .sync();
        }

        @Override
        public void close(int code, String reason) throws Exception {
            channel.writeAndFlush(new CloseWebSocketFrame(code, reason)).sync();
        }
    }

    @Override
    public void close() {
        loops.shutdownGracefully(0, 1, TimeUnit.SECONDS);
    }
}
