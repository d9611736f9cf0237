// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.netty;

import dev.gibbon.Headers;
import dev.gibbon.spi.Transport;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.http2.DefaultHttp2DataFrame;
import io.netty.handler.codec.http2.DefaultHttp2ResetFrame;
import io.netty.handler.codec.http2.Http2DataFrame;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Frame;
import io.netty.handler.codec.http2.Http2HeadersFrame;
import io.netty.handler.codec.http2.Http2ResetFrame;
import io.netty.util.ReferenceCountUtil;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** One stream of a client, which blocks. It takes as much as it is read, and no more. */
final class Http2Call extends ChannelInboundHandlerAdapter implements Transport {
    private static final int MOST_BYTES = 16 * 1024;
    private static final Duration PATIENCE = Duration.ofMinutes(5);

    /** What has come: an array of bytes, {@link #END}, or an exception. */
    private final LinkedBlockingQueue<Object> events = new LinkedBlockingQueue<>();

    private static final Object END = "end";

    private final CompletableFuture<Headers> headers = new CompletableFuture<>();
    private final CompletableFuture<Long> reset = new CompletableFuture<>();
    private volatile Channel channel;
    private ByteBuffer rest = ByteBuffer.allocate(0);

    /** The end, once it was read: it stays. */
    private Object ended;

    // ---- What Netty tells

    @Override
    public void handlerAdded(ChannelHandlerContext context) {
        channel = context.channel();
        channel.config().setAutoRead(false);
        context.read();
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        boolean last = false;
        if (message instanceof Http2HeadersFrame frame) {
            Headers.Builder fields = Headers.builder();
            Headers status = Headers.of("status", frame.headers().status().toString());
            frame.headers().forEach(field -> {
                String name = field.getKey().toString();
                if (!name.startsWith(":")) {
                    Headers.Builder _ = fields.add(name, field.getValue().toString());
                }
            });
            boolean _ = headers.complete(fields.addAll(status).build());
            last = frame.isEndStream();
        } else if (message instanceof Http2DataFrame frame) {
            byte[] bytes = new byte[frame.content().readableBytes()];
            ByteBuf _ = frame.content().readBytes(bytes);
            events.add(bytes);
            last = frame.isEndStream();
        }
        ReferenceCountUtil.safeRelease(message);
        if (last) {
            events.add(END);
        }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
        if (event instanceof Http2ResetFrame frame) {
            boolean _ = reset.complete(frame.errorCode());
            events.add(new IOException("reset by the server, error " + frame.errorCode()));
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        events.add(new IOException("the stream is closed"));
    }

    // ---- What a test asks

    /** {@return the fields of the answer, its status among them as {@code status}} */
    Headers headers() throws Exception {
        return headers.get(60, TimeUnit.SECONDS);
    }

    /** {@return the body of the answer} */
    String body() throws IOException {
        StringBuilder body = new StringBuilder();
        ByteBuffer bytes = ByteBuffer.allocate(1024);
        while (read(bytes) >= 0) {
            body.append(StandardCharsets.UTF_8.decode(bytes.flip()));
            bytes.clear();
        }
        return body.toString();
    }

    /** {@return the error of the server's RST_STREAM} */
    long resetError() throws Exception {
        Object next = events.poll(60, TimeUnit.SECONDS);
        while (next instanceof byte[]) {
            next = events.poll(60, TimeUnit.SECONDS);
        }
        return reset.get(60, TimeUnit.SECONDS);
    }

    /** Resets the stream (RFC 9113 §6.4). */
    void sendReset() throws InterruptedException {
        channel.writeAndFlush(new DefaultHttp2ResetFrame(Http2Error.CANCEL)).sync();
    }

    // ---- Transport

    @Override
    public int read(ByteBuffer dst) throws IOException {
        int n = read(dst, PATIENCE);
        if (n == 0) {
            throw new IOException("nothing came");
        }
        return n;
    }

    @Override
    public int read(ByteBuffer dst, Duration timeout) throws IOException {
        while (!rest.hasRemaining()) {
            Object next = next(timeout);
            switch (next) {
                case byte[] bytes -> rest = ByteBuffer.wrap(bytes);
                case IOException failure -> throw failure;
                case null -> {
                    return 0;
                }
                default -> {
                    return -1;
                }
            }
        }
        int n = Math.min(dst.remaining(), rest.remaining());
        dst.put(rest.slice(rest.position(), n));
        rest.position(rest.position() + n);
        return n;
    }

    private Object next(Duration timeout) throws IOException {
        if (ended != null) {
            return ended;
        }
        Object next = events.poll();
        try {
            if (next == null) {
                channel.read();
                next = events.poll(timeout.toMillis(), TimeUnit.MILLISECONDS);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted");
        }
        if (!(next instanceof byte[])) {
            ended = next;
        }
        return next;
    }

    @Override
    public long write(ByteBuffer[] srcs, int offset, int length) throws IOException {
        ByteBuffer src = srcs[offset];
        for (int i = offset; i < offset + length && !src.hasRemaining(); i++) {
            src = srcs[i];
        }
        int n = Math.min(src.remaining(), MOST_BYTES);
        send(new DefaultHttp2DataFrame(Unpooled.copiedBuffer(src.slice(src.position(), n))));
        src.position(src.position() + n);
        return n;
    }

    /** Sends bytes in the frame that ends the stream's direction. */
    void sendLast(byte[] bytes) throws IOException {
        send(new DefaultHttp2DataFrame(Unpooled.wrappedBuffer(bytes), true));
    }

    @Override
    public void shutdownOutput() throws IOException {
        send(new DefaultHttp2DataFrame(true));
    }

    private void send(Http2Frame frame) throws IOException {
        try {
            channel.writeAndFlush(frame).sync();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted");
        } catch (Exception e) {
            throw new IOException("the stream takes no more", e);
        }
    }

    @Override
    public void close() {
        ChannelFuture _ = channel.close();
    }
}
