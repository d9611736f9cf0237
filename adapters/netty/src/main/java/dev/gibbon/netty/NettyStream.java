// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.netty;

import dev.gibbon.Connection;
import dev.gibbon.spi.AsyncStream;
import dev.gibbon.spi.HostLoop;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelConfig;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.ssl.SslHandler;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.util.ArrayDeque;
import java.util.Optional;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLSession;
import org.jspecify.annotations.Nullable;

/**
 * The bytes of a channel, as the last handler of its pipeline sees them. Bytes move on the channel's event loop alone:
 * what other threads write waits for a turn there, which comes at once. Netty reads when it is asked to, and what it
 * brings is kept until it is read, at most what one such call brings.
 */
abstract class NettyStream extends ChannelInboundHandlerAdapter implements AsyncStream {
    /** How many bytes leave as one buffer: a peer that is slow is seen to take that much, and no less. */
    private static final int PIECE_BYTES = 16 * 1024;

    /** What is taken at least where there is any room. */
    private static final int LEAST_BYTES = 1024;

    /** How long a client that was refused may keep its connection open. */
    private static final int LINGER_SECONDS = 2;

    private final Channel channel;
    private final EventExecutor events;
    private final HostLoop loop;

    // Event loop only, unless they are volatile.
    private @Nullable ChannelHandlerContext context;
    private @Nullable Connection connection;
    private final ArrayDeque<ByteBuf> received = new ArrayDeque<>(2);
    private @Nullable Runnable readable;
    private @Nullable Runnable writable;

    /** Whether Netty is being asked for bytes, and may bring them inside that call. */
    private boolean asking;

    /** Whether the channel ends when the peer has ended its direction. */
    private boolean lingers;

    private boolean inputEnded;
    private @Nullable IOException inputFailure;
    private volatile @Nullable IOException outputFailure;
    private volatile boolean closed;

    /** Whether the last write took less than it was offered. */
    private volatile boolean full;

    /** Bytes that Netty has and the system below it has not. Written by the event loop. */
    private volatile long unsent;

    NettyStream(Channel channel, EventExecutor events, HostLoop loop) {
        this.channel = channel;
        this.events = events;
        this.loop = loop;
    }

    /** {@return a message for the next handler that carries these bytes, which it releases} */
    abstract Object outbound(ByteBuf bytes);

    /** {@return the bytes of a message from the handler before this one, which are released with it; null if none} */
    abstract @Nullable ByteBuf inbound(Object message);

    /** {@return whether nothing comes behind a message} */
    abstract boolean isLast(Object message);

    /** An event of the pipeline that may say that input has ended. */
    abstract void event(Object event);

    /** {@return the channel that is encrypted, if any is} */
    abstract Channel carrier();

    final Channel netty() {
        return channel;
    }

    final ChannelHandlerContext context() {
        ChannelHandlerContext known = context;
        if (known == null) {
            throw new IllegalStateException("the stream is in no pipeline");
        }
        return known;
    }

    /** Whose bytes they are from now on. */
    final void belongsTo(Connection opened) {
        connection = opened;
    }

    /** {@return whether the channel can still carry a connection} */
    final boolean isUsable() {
        return !closed && channel.isActive();
    }

    // ---- What Netty tells, on the event loop

    @Override
    public void handlerAdded(ChannelHandlerContext added) {
        context = added;
    }

    @Override
    public void channelRead(ChannelHandlerContext from, Object message) {
        boolean last = isLast(message);
        ByteBuf bytes = inbound(message);
        if (bytes == null) {
            ReferenceCountUtil.safeRelease(message);
        } else if (closed || !bytes.isReadable()) {
            ReferenceCountUtil.safeRelease(bytes);
        } else {
            received.add(bytes);
        }
        if (last) {
            inputEnds(null);
        }
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext from) {
        tellReadable();
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext from, Object event) {
        event(event);
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext from) {
        tellWritable();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext from, Throwable cause) {
        inputEnds(asFailure(cause));
    }

    /** The channel is gone: by {@link #close}, by a failure, or since the host has ended it. */
    @Override
    public void channelInactive(ChannelHandlerContext from) {
        outputFails(new ClosedChannelException());
        inputEnds(null);
        Connection open = connection;
        if (open != null && received.isEmpty()) {
            open.abort();
        }
    }

    /** Nothing more will come, for which there may be a reason. */
    final void inputEnds(@Nullable IOException why) {
        inputEnded = true;
        if (inputFailure == null) {
            inputFailure = why;
        }
        tellReadable();
        if (lingers) {
            drop();
        }
    }

    /** Nothing more can be sent. */
    final void outputFails(IOException why) {
        if (outputFailure == null) {
            outputFailure = why;
        }
        tellWritable();
    }

    static IOException asFailure(Throwable cause) {
        return cause instanceof IOException failure ? failure : new IOException("the channel failed", cause);
    }

    // ---- Reading

    private boolean hasInput() {
        return !received.isEmpty() || inputEnded;
    }

    @Override
    public int read(ByteBuffer dst) throws IOException {
        int before = dst.position();
        for (ByteBuf first = received.peek(); first != null && dst.hasRemaining(); first = received.peek()) {
            int limit = dst.limit();
            dst.limit(dst.position() + Math.min(dst.remaining(), first.readableBytes()));
            ByteBuf _ = first.readBytes(dst);
            dst.limit(limit);
            if (!first.isReadable()) {
                ReferenceCountUtil.safeRelease(received.remove());
            }
        }
        int n = dst.position() - before;
        if (n > 0 || !inputEnded) {
            return n;
        }
        IOException why = inputFailure;
        if (why != null) {
            throw new IOException(why);
        }
        return -1;
    }

    @Override
    public void whenReadable(Runnable task) {
        readable = task;
        if (hasInput()) {
            events.execute(this::tellReadable);
        } else {
            ask();
        }
    }

    private void ask() {
        asking = true;
        ChannelHandlerContext _ = context().read();
        asking = false;
        if (hasInput()) {
            events.execute(this::tellReadable);
        }
    }

    /** Tells whoever waits for input that it is there, or asks for it: another turn may have read it meanwhile. */
    private void tellReadable() {
        Runnable task = readable;
        if (task == null || asking) {
            return;
        }
        if (hasInput()) {
            readable = null;
            task.run();
        } else {
            ask();
        }
    }

    // ---- Writing

    @Override
    public long write(ByteBuffer[] srcs, int offset, int length) throws IOException {
        requireOutput();
        if (!events.inEventLoop()) {
            full = true; // A turn on the event loop writes it.
            return 0;
        }
        long offered = 0;
        for (int i = offset; i < offset + length; i++) {
            offered += srcs[i].remaining();
        }
        long room = channel.isWritable() ? Math.max(channel.bytesBeforeUnwritable(), LEAST_BYTES) : 0;
        long taken = Math.min(offered, room);
        full = taken < offered;
        int at = offset;
        for (long left = taken; left > 0; ) {
            int n = (int) Math.min(left, PIECE_BYTES);
            ByteBuf piece = context().alloc().directBuffer(n);
            at = fill(piece, n, srcs, at);
            send(piece, n);
            left -= n;
        }
        if (taken > 0) {
            ChannelHandlerContext _ = context().flush();
        }
        return taken;
    }

    /** Moves bytes from buffers, of which this is the first that may have any; {@return which one is then} */
    private static int fill(ByteBuf piece, int bytes, ByteBuffer[] srcs, int first) {
        int at = first;
        for (int left = bytes; left > 0; ) {
            ByteBuffer src = srcs[at];
            int n = Math.min(left, src.remaining());
            ByteBuf _ = piece.writeBytes(src.slice(src.position(), n));
            src.position(src.position() + n);
            left -= n;
            at += src.hasRemaining() ? 0 : 1;
        }
        return at;
    }

    private void send(ByteBuf piece, int bytes) {
        long total = unsent + bytes;
        unsent = total;
        context().write(outbound(piece)).addListener(future -> sent(bytes, future));
    }

    private void sent(int bytes, Future<?> done) {
        long left = unsent - bytes;
        unsent = left;
        Throwable cause = done.cause();
        if (cause != null) {
            outputFails(asFailure(cause));
        } else {
            tellWritable();
        }
    }

    private void requireOutput() throws IOException {
        IOException failure = outputFailure;
        if (failure != null) {
            throw new IOException(failure);
        }
    }

    @Override
    public boolean flushed() throws IOException {
        requireOutput();
        return unsent == 0;
    }

    @Override
    public long unsent() {
        return unsent;
    }

    @Override
    public void whenWritable(Runnable task) {
        writable = task;
        if (canWrite()) {
            events.execute(this::tellWritable);
        }
    }

    private boolean canWrite() {
        return outputFailure != null || (full ? channel.isWritable() : unsent == 0);
    }

    private void tellWritable() {
        Runnable task = writable;
        if (task != null && canWrite()) {
            writable = null;
            task.run();
        }
    }

    // ---- The end

    @Override
    public void close() {
        ends();
        drop();
    }

    private void drop() {
        ChannelHandlerContext known = context;
        if (known != null) {
            ChannelFuture _ = known.close();
        }
    }

    /** Sends what a request is refused with, and ends; the peer may have said more meanwhile, which is dropped. */
    final void endWith(Object message) {
        ends();
        ChannelConfig _ = channel.config().setAutoRead(true);
        context().writeAndFlush(message).addListener(done -> {
            if (!done.isSuccess() || inputEnded || !halfCloses()) {
                drop();
                return;
            }
            lingers = true;
            shutdownOutput();
            Future<?> _ = events.schedule(this::drop, LINGER_SECONDS, TimeUnit.SECONDS);
        });
    }

    /** What was received is of no use any more, and what still comes is dropped. */
    final void ends() {
        closed = true;
        if (events.inEventLoop()) {
            release();
            return;
        }
        try {
            events.execute(this::release);
        } catch (RejectedExecutionException _) {
            release(); // Nothing runs there any more.
        }
    }

    private void release() {
        for (ByteBuf bytes = received.poll(); bytes != null; bytes = received.poll()) {
            ReferenceCountUtil.safeRelease(bytes);
        }
    }

    // ---- What it is

    @Override
    public Optional<HostLoop> loop() {
        return Optional.of(loop);
    }

    @Override
    public Optional<SocketAddress> localAddress() {
        return Optional.ofNullable(channel.localAddress());
    }

    @Override
    public Optional<SocketAddress> peerAddress() {
        return Optional.ofNullable(channel.remoteAddress());
    }

    @Override
    public Optional<SSLSession> tlsSession() {
        return tls(carrier()).map(handler -> handler.engine().getSession());
    }

    /** {@return what encrypts a channel} */
    static Optional<SslHandler> tls(Channel channel) {
        return Optional.ofNullable(channel.pipeline().get(SslHandler.class));
    }
}
