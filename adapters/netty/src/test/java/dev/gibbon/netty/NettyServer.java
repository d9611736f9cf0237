// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.netty;

import dev.gibbon.WebSocketHost;
import dev.gibbon.testkit.host.RunningHost;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * A server of Netty's on a free port of 127.0.0.1, whose channels are set up by whoever starts it. All of its buffers
 * must have been released when it has stopped.
 */
final class NettyServer implements RunningHost {
    private final MultiThreadIoEventLoopGroup loops = new MultiThreadIoEventLoopGroup(2, NioIoHandler.newFactory());
    private final UnpooledByteBufAllocator buffers = new UnpooledByteBufAllocator(true);
    private final Channel listening;

    NettyServer(Consumer<SocketChannel> setUp) throws InterruptedException {
        listening = new ServerBootstrap()
                .group(loops)
                .channel(NioServerSocketChannel.class)
                .childOption(ChannelOption.ALLOCATOR, buffers)
                .childHandler(new ChannelInitializer<SocketChannel>() {
                    @Override
                    protected void initChannel(SocketChannel channel) {
                        setUp.accept(channel);
                    }
                })
                .bind("127.0.0.1", 0)
                .sync()
                .channel();
    }

    @Override
    public int port() {
        return ((InetSocketAddress) listening.localAddress()).getPort();
    }

    @Override
    public void close() throws InterruptedException {
        boolean stopped = loops.shutdownGracefully(0, 60, TimeUnit.SECONDS).await(60, TimeUnit.SECONDS);
        if (!stopped) {
            throw new IllegalStateException("Netty does not stop");
        }
        long left = buffers.metric().usedDirectMemory() + buffers.metric().usedHeapMemory();
        if (left != 0) {
            throw new IllegalStateException(left + " bytes of buffers were not released");
        }
    }

    static void awaitCount(WebSocketHost host, int count) throws InterruptedException {
        for (long until = System.nanoTime() + TimeUnit.MINUTES.toNanos(1); host.connectionCount() != count; ) {
            if (System.nanoTime() > until) {
                throw new AssertionError(host.connectionCount() + " connections are open, not " + count);
            }
            Thread.sleep(5);
        }
    }

    /** The application's own handler: answers {@code GET /plain}. */
    @ChannelHandler.Sharable
    static final class Plain extends SimpleChannelInboundHandler<FullHttpRequest> {
        @Override
        protected void channelRead0(ChannelHandlerContext context, FullHttpRequest request) {
            boolean plain = request.uri().equals("/plain");
            FullHttpResponse response = new DefaultFullHttpResponse(
                    HttpVersion.HTTP_1_1,
                    plain ? HttpResponseStatus.OK : HttpResponseStatus.NOT_FOUND,
                    Unpooled.copiedBuffer(plain ? "plain" : "404", StandardCharsets.US_ASCII));
            HttpUtil.setContentLength(response, response.content().readableBytes());
            boolean keep = HttpUtil.isKeepAlive(request);
            HttpUtil.setKeepAlive(response, keep);
            response.headers().set(HttpHeaderNames.CONTENT_TYPE, "text/plain");
            ChannelFuture written = context.writeAndFlush(response);
            if (!keep) {
                written.addListener(ChannelFutureListener.CLOSE);
            }
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            ChannelFuture _ = context.close();
        }
    }
}
