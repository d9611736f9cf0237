// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.peers.netty;

import dev.gibbon.peers.common.Pem;
import dev.gibbon.peers.common.Settings;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.ChannelMatchers;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.channel.uring.IoUring;
import io.netty.channel.uring.IoUringIoHandler;
import io.netty.channel.uring.IoUringServerSocketChannel;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.websocketx.BinaryWebSocketFrame;
import io.netty.handler.codec.http.websocketx.TextWebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocketFrameAggregator;
import io.netty.handler.codec.http.websocketx.WebSocketServerProtocolConfig;
import io.netty.handler.codec.http.websocketx.WebSocketServerProtocolHandler;
import io.netty.handler.codec.http.websocketx.extensions.WebSocketServerExtensionHandler;
import io.netty.handler.codec.http.websocketx.extensions.compression.PerMessageDeflateServerExtensionHandshaker;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.GlobalEventExecutor;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Supplier;
import javax.net.ssl.SSLException;

/** Netty on its native transports: {@code Main epoll|io_uring PORT [CERT KEY]}, or {@code Main TRANSPORT available}. */
public final class Main {
    private static final int MAX_REQUEST_BYTES = 64 << 10;

    private Main() {}

    public static void main(String[] args) throws Exception {
        Transport transport = Transport.valueOf(args[0].toUpperCase(Locale.ROOT));
        Throwable reason = transport.reason.get();
        if (reason != null) {
            System.out.println(args[0] + " is not available: " + reason.getMessage());
            System.exit(77);
        }
        if (!args[1].equals("available")) {
            serve(transport, Settings.of(Arrays.copyOfRange(args, 1, args.length)));
        }
    }

    private static void serve(Transport transport, Settings settings) throws Exception {
        EventLoopGroup acceptor = new MultiThreadIoEventLoopGroup(1, transport.loop);
        EventLoopGroup loops = settings.loops().isPresent()
                ? new MultiThreadIoEventLoopGroup(settings.loops().getAsInt(), transport.loop)
                : new MultiThreadIoEventLoopGroup(transport.loop);
        Channel server = new ServerBootstrap()
                .group(acceptor, loops)
                .channel(transport.channel)
                .option(ChannelOption.SO_BACKLOG, Settings.BACKLOG)
                .childOption(ChannelOption.TCP_NODELAY, true)
                .childHandler(new Pipeline(settings))
                .bind("0.0.0.0", settings.port())
                .sync()
                .channel();
        Settings.ready();
        server.closeFuture().sync();
    }

    private enum Transport {
        EPOLL(EpollIoHandler.newFactory(), EpollServerSocketChannel.class, Epoll::unavailabilityCause),
        IO_URING(IoUringIoHandler.newFactory(), IoUringServerSocketChannel.class, IoUring::unavailabilityCause);

        private final IoHandlerFactory loop;
        private final Class<? extends ServerChannel> channel;
        private final Supplier<Throwable> reason;

        Transport(IoHandlerFactory loop, Class<? extends ServerChannel> channel, Supplier<Throwable> reason) {
            this.loop = loop;
            this.channel = channel;
            this.reason = reason;
        }
    }

    private static final class Pipeline extends ChannelInitializer<Channel> {
        private final Settings settings;
        private final Optional<SslContext> tls;
        private final ChannelGroup members = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE);
        private final WebSocketServerProtocolConfig webSocket;

        private Pipeline(Settings settings) throws SSLException {
            this.settings = settings;
            this.tls = settings.tls().isEmpty()
                    ? Optional.empty()
                    : Optional.of(context(settings.tls().get()));
            this.webSocket = WebSocketServerProtocolConfig.newBuilder()
                    .websocketPath("/")
                    .checkStartsWith(true)
                    .allowExtensions(settings.deflate())
                    .maxFramePayloadLength(Settings.MAX_MESSAGE_BYTES)
                    .build();
        }

        private static SslContext context(Pem pem) throws SSLException {
            return SslContextBuilder.forServer(
                            pem.certificate().toFile(), pem.key().toFile())
                    .sslProvider(SslProvider.JDK)
                    .protocols("TLSv1.3", "TLSv1.2")
                    .build();
        }

        @Override
        protected void initChannel(Channel channel) {
            ChannelPipeline pipeline = channel.pipeline();
            tls.ifPresent(context -> pipeline.addLast(context.newHandler(channel.alloc())));
            pipeline.addLast(new HttpServerCodec(), new HttpObjectAggregator(MAX_REQUEST_BYTES));
            if (settings.deflate()) {
                pipeline.addLast(new WebSocketServerExtensionHandler(new PerMessageDeflateServerExtensionHandshaker(
                        settings.deflateLevel(),
                        false,
                        15,
                        !settings.takeover(),
                        !settings.takeover(),
                        Settings.MAX_MESSAGE_BYTES)));
            }
            pipeline.addLast(
                    new WebSocketServerProtocolHandler(webSocket),
                    new WebSocketFrameAggregator(Settings.MAX_MESSAGE_BYTES),
                    new Router(members));
        }
    }

    /** Gives way to the handler of the requested path once the opening handshake is done. */
    private static final class Router extends ChannelInboundHandlerAdapter {
        private final ChannelGroup members;

        private Router(ChannelGroup members) {
            this.members = members;
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
            if (event instanceof WebSocketServerProtocolHandler.HandshakeComplete handshake) {
                switch (handshake.requestUri()) {
                    case "/echo" -> ctx.pipeline().replace(this, "echo", new Echo());
                    case "/broadcast" -> {
                        members.add(ctx.channel());
                        ctx.pipeline().replace(this, "broadcast", new Broadcast(members));
                    }
                    default -> ctx.close();
                }
            }
        }
    }

    /** Answers as it reads, and flushes once per read of the socket. */
    private static final class Echo extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            if (message instanceof TextWebSocketFrame || message instanceof BinaryWebSocketFrame) {
                ctx.write(message, ctx.voidPromise());
            } else {
                ReferenceCountUtil.release(message);
            }
        }

        @Override
        public void channelReadComplete(ChannelHandlerContext ctx) {
            ctx.flush();
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            ctx.close();
        }
    }

    private static final class Broadcast extends SimpleChannelInboundHandler<WebSocketFrame> {
        private final ChannelGroup members;

        private Broadcast(ChannelGroup members) {
            this.members = members;
        }

        @Override
        protected void channelRead0(ChannelHandlerContext ctx, WebSocketFrame message) {
            members.writeAndFlush(message.retain(), ChannelMatchers.all(), true);
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            ctx.close();
        }
    }
}
