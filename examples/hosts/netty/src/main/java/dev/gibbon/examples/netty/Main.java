// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.examples.netty;

import dev.gibbon.Connection;
import dev.gibbon.ConnectionOptions;
import dev.gibbon.Listener;
import dev.gibbon.MessageView;
import dev.gibbon.OriginPolicy;
import dev.gibbon.PermessageDeflate;
import dev.gibbon.Upgrader;
import dev.gibbon.WebSocketHost;
import dev.gibbon.netty.GibbonNetty;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http2.Http2FrameCodecBuilder;
import io.netty.handler.codec.http2.Http2MultiplexHandler;
import io.netty.handler.codec.http2.Http2Settings;
import io.netty.handler.codec.http2.Http2StreamFrameToHttpObjectCodec;
import io.netty.handler.ssl.ApplicationProtocolNames;
import io.netty.handler.ssl.ApplicationProtocolNegotiationHandler;
import io.netty.handler.ssl.SslContext;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * An echo server: Netty answers a page, Gibbon the WebSockets. {@code --port N} says where it listens; with {@code
 * --tls} it speaks TLS, by a certificate that it makes, and HTTP/2 or HTTP/1.1 as the client says; without, HTTP/1.1.
 */
public final class Main {
    private static final long MAX_MESSAGE_BYTES = 64L << 20;

    private Main() {}

    /**
     * Serves until the process is told to stop.
     *
     * @param args {@code --port N} and {@code --tls}, either if wanted
     * @throws Exception if the port is in use
     */
    public static void main(String[] args) throws Exception {
        List<String> words = List.of(args);
        int port = words.contains("--port") ? Integer.parseInt(words.get(words.indexOf("--port") + 1)) : 8080;
        SslContext tls = words.contains("--tls") ? Certificate.make() : null;
        WebSocketHost host = WebSocketHost.builder().build();
        GibbonNetty gibbon = GibbonNetty.builder(host)
                .serve("/echo", upgrader(), ws -> ws.forEachMessage(ws::writeMessage))
                .listen("/echo/event", upgrader(), new Echo())
                .build();
        EventLoopGroup loops = new MultiThreadIoEventLoopGroup(NioIoHandler.newFactory());
        Channel listening = new ServerBootstrap()
                .group(loops)
                .channel(NioServerSocketChannel.class)
                .childHandler(new ChannelInitializer<SocketChannel>() {
                    @Override
                    protected void initChannel(SocketChannel channel) {
                        if (tls == null) {
                            http1(channel.pipeline(), gibbon);
                        } else {
                            channel.pipeline().addLast(tls.newHandler(channel.alloc()), new Chosen(gibbon));
                        }
                    }
                })
                .bind(InetAddress.getLoopbackAddress(), port)
                .sync()
                .channel();
        InetSocketAddress bound = (InetSocketAddress) listening.localAddress();
        System.out.printf("listening on %s://localhost:%d/echo%n", tls == null ? "ws" : "wss", bound.getPort());
        Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(host, loops), "stop"));
        listening.closeFuture().sync();
    }

    private static Upgrader upgrader() {
        return Upgrader.builder()
                .origins(OriginPolicy.any())
                .options(ConnectionOptions.builder()
                        .maxMessageBytes(MAX_MESSAGE_BYTES)
                        .maxFrameBytes(MAX_MESSAGE_BYTES)
                        .build())
                .permessageDeflate(PermessageDeflate.defaults())
                .build();
    }

    private static void http1(ChannelPipeline pipeline, GibbonNetty gibbon) {
        pipeline.addLast(new HttpServerCodec(), gibbon.http1(), new HttpObjectAggregator(64 * 1024), new Page());
    }

    /** Each WebSocket is a stream of its own. */
    private static void http2(ChannelPipeline pipeline, GibbonNetty gibbon) {
        Http2Settings settings = Http2Settings.defaultSettings().connectProtocolEnabled(true);
        pipeline.addLast(
                Http2FrameCodecBuilder.forServer().initialSettings(settings).build(),
                new Http2MultiplexHandler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel stream) {
                        stream.pipeline()
                                .addLast(
                                        gibbon.http2(),
                                        new Http2StreamFrameToHttpObjectCodec(true),
                                        new HttpObjectAggregator(64 * 1024),
                                        new Page());
                    }
                }));
    }

    /** Speaks what the client has chosen in its TLS handshake. */
    private static final class Chosen extends ApplicationProtocolNegotiationHandler {
        private final GibbonNetty gibbon;

        Chosen(GibbonNetty gibbon) {
            super(ApplicationProtocolNames.HTTP_1_1);
            this.gibbon = gibbon;
        }

        @Override
        protected void configurePipeline(ChannelHandlerContext context, String protocol) {
            if (protocol.equals(ApplicationProtocolNames.HTTP_2)) {
                http2(context.pipeline(), gibbon);
            } else {
                http1(context.pipeline(), gibbon);
            }
        }
    }

    /** Tells peers that the server goes, before it does. */
    private static void stop(WebSocketHost host, EventLoopGroup loops) {
        host.close();
        if (!loops.shutdownGracefully(0, 10, TimeUnit.SECONDS).awaitUninterruptibly(15, TimeUnit.SECONDS)) {
            System.err.println("Netty did not stop in time");
        }
    }

    /** Sends every message back. */
    private static final class Echo implements Listener {
        @Override
        public void onMessage(Connection connection, MessageView message) throws IOException {
            connection.writeMessage(message);
        }
    }
}
