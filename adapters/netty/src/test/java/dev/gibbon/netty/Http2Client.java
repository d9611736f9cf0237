// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.netty;

import dev.gibbon.Headers;
import dev.gibbon.Role;
import dev.gibbon.testkit.ScriptedPeer;
import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.DefaultHttp2HeadersFrame;
import io.netty.handler.codec.http2.Http2FrameCodecBuilder;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2MultiplexHandler;
import io.netty.handler.codec.http2.Http2Settings;
import io.netty.handler.codec.http2.Http2SettingsFrame;
import io.netty.handler.codec.http2.Http2StreamChannelBootstrap;
import io.netty.handler.ssl.SslHandler;
import io.netty.util.ReferenceCountUtil;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLParameters;

/** One connection of HTTP/2 to a server on 127.0.0.1, by Netty's codec, and streams on it. */
final class Http2Client implements AutoCloseable {
    private final MultiThreadIoEventLoopGroup loop = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
    private final UnpooledByteBufAllocator buffers = new UnpooledByteBufAllocator(true);
    private final CompletableFuture<Http2Settings> settings = new CompletableFuture<>();
    private final List<Http2Call> calls = new CopyOnWriteArrayList<>();
    private final Channel channel;
    private final String scheme;
    private final String authority;

    Http2Client(int port, Optional<SSLContext> tls) throws Exception {
        scheme = tls.isPresent() ? "https" : "http";
        authority = "127.0.0.1:" + port;
        channel = new Bootstrap()
                .group(loop)
                .channel(NioSocketChannel.class)
                .option(ChannelOption.ALLOCATOR, buffers)
                .handler(new ChannelInitializer<SocketChannel>() {
                    @Override
                    protected void initChannel(SocketChannel made) {
                        tls.ifPresent(context -> made.pipeline().addLast(new SslHandler(engine(context))));
                        made.pipeline()
                                .addLast(
                                        Http2FrameCodecBuilder.forClient().build(),
                                        new Http2MultiplexHandler(new ChannelInboundHandlerAdapter()),
                                        new Settings());
                    }
                })
                .connect("127.0.0.1", port)
                .sync()
                .channel();
        if (!Boolean.TRUE.equals(settings.get(60, TimeUnit.SECONDS).connectProtocolEnabled())) {
            throw new AssertionError("no SETTINGS_ENABLE_CONNECT_PROTOCOL (RFC 8441 §3)");
        }
    }

    private static SSLEngine engine(SSLContext context) {
        SSLEngine engine = context.createSSLEngine();
        engine.setUseClientMode(true);
        SSLParameters parameters = engine.getSSLParameters();
        parameters.setApplicationProtocols(new String[] {"h2"});
        engine.setSSLParameters(parameters);
        return engine;
    }

    private final class Settings extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            if (message instanceof Http2SettingsFrame frame) {
                boolean _ = settings.complete(frame.settings());
            }
            ReferenceCountUtil.safeRelease(message);
        }
    }

    /** {@return a stream on which these fields were sent} Names and values, pseudo-header fields among them. */
    Http2Call call(String... fields) throws Exception {
        Http2Headers headers = new DefaultHttp2Headers().scheme(scheme).authority(authority);
        for (int i = 0; i < fields.length; i += 2) {
            Http2Headers _ = headers.set(fields[i], fields[i + 1]);
        }
        Http2Call call = new Http2Call();
        calls.add(call);
        Channel stream = new Http2StreamChannelBootstrap(channel)
                .handler(call)
                .open()
                .sync()
                .getNow();
        boolean last = !headers.method().toString().equals("CONNECT");
        stream.writeAndFlush(new DefaultHttp2HeadersFrame(headers, last)).sync();
        return call;
    }

    /** {@return a stream that asks to become a WebSocket} Names and values of more fields. */
    Http2Call connect(String path, String... more) throws Exception {
        String[] all = new String[8 + more.length];
        String[] asked = {":method", "CONNECT", ":protocol", "websocket", ":path", path, "sec-websocket-version", "13"};
        System.arraycopy(asked, 0, all, 0, asked.length);
        System.arraycopy(more, 0, all, asked.length, more.length);
        return call(all);
    }

    /** {@return a client of a WebSocket on a stream of its own} */
    ScriptedPeer open(String path) throws Exception {
        Http2Call call = connect(path);
        Headers answer = call.headers();
        if (!answer.first("status").orElseThrow().equals("200")) {
            throw new AssertionError("refused: " + answer.first("status"));
        }
        return ScriptedPeer.over(call, Role.CLIENT);
    }

    /** Drops the connection with all its streams. */
    void drop() throws InterruptedException {
        channel.close().sync();
    }

    /** Drops everything; what came on a stream and was not read is released with the stream alone. */
    @Override
    public void close() throws InterruptedException {
        calls.forEach(Http2Call::close);
        boolean _ = loop.shutdownGracefully(0, 60, TimeUnit.SECONDS).await(60, TimeUnit.SECONDS);
        long left = buffers.metric().usedDirectMemory() + buffers.metric().usedHeapMemory();
        if (left != 0) {
            throw new IllegalStateException(left + " bytes of buffers were not released");
        }
    }
}
