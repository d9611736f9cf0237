// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.undertow;

import dev.gibbon.Connection;
import dev.gibbon.spi.AsyncStream;
import dev.gibbon.spi.HostLoop;
import io.undertow.server.HttpServerExchange;
import java.io.IOException;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.concurrent.RejectedExecutionException;
import javax.net.ssl.SSLSession;
import org.jspecify.annotations.Nullable;
import org.xnio.IoUtils;
import org.xnio.Option;
import org.xnio.Options;
import org.xnio.StreamConnection;
import org.xnio.XnioIoThread;
import org.xnio.conduits.ConduitStreamSinkChannel;
import org.xnio.conduits.ConduitStreamSourceChannel;

/**
 * A channel that Undertow has given away. In clear text any thread writes it. With TLS bytes move on its I/O thread
 * alone, as XNIO's engine has no lock: what other threads write waits for a turn there, which comes at once.
 */
final class UndertowStream implements AsyncStream {
    private final StreamConnection channel;
    private final ConduitStreamSourceChannel source;
    private final ConduitStreamSinkChannel sink;
    private final XnioIoThread thread;
    private final HostLoop loop;
    private final boolean tls;
    private final Optional<SocketAddress> peer;
    private final Optional<SSLSession> session;

    // I/O thread only.
    private @Nullable Runnable readable;
    private @Nullable Runnable writable;
    private @Nullable Connection connection;
    private boolean ended;

    /** On the I/O thread. */
    UndertowStream(StreamConnection channel, HttpServerExchange exchange, HostLoop loop) {
        this.channel = channel;
        this.source = channel.getSourceChannel();
        this.sink = channel.getSinkChannel();
        this.thread = channel.getIoThread();
        this.loop = loop;
        this.peer = Optional.ofNullable(exchange.getSourceAddress());
        this.session = Optional.ofNullable(exchange.getConnection().getSslSession());
        this.tls = session.isPresent();
        liftTimeouts();
        source.setReadListener(_ -> canRead());
        sink.setWriteListener(_ -> canWrite());
        exchange.getConnection().addCloseListener(_ -> closed());
    }

    /** Time-outs of HTTP would end a WebSocket that rests: they get some that do not come. */
    private void liftTimeouts() {
        try {
            boolean _ = lift(Options.READ_TIMEOUT);
            if (lift(Options.WRITE_TIMEOUT)) {
                int _ = sink.write(ByteBuffer.allocate(0)); // The first write would be measured from the response on.
            }
        } catch (IOException _) {
            // It is closed: the first read tells.
        }
    }

    private boolean lift(Option<Integer> timeout) throws IOException {
        Integer set = channel.getOption(timeout);
        if (set == null || set <= 0) {
            return false;
        }
        Integer _ = channel.setOption(timeout, Integer.MAX_VALUE);
        return true;
    }

    /** Whose bytes they are from now on. */
    void belongsTo(Connection opened) {
        connection = opened;
        if (ended) {
            opened.abort();
        }
    }

    /** The channel is gone: by {@link #close}, or since the host has ended it, of which no event tells. */
    private void closed() {
        ended = true;
        Connection open = connection;
        if (open != null) {
            open.abort();
        }
    }

    private boolean onThread() {
        return Thread.currentThread().equals(thread);
    }

    // ---- Reading

    @Override
    public int read(ByteBuffer dst) throws IOException {
        return source.read(dst);
    }

    /** XNIO's selector tells of what a read has left, and asking once more is a call of the system. */
    @Override
    public boolean buffersInput() {
        return tls;
    }

    @Override
    public void whenReadable(Runnable task) {
        readable = task;
        if (tls) {
            // Inside a read listener XNIO counts the call as one of a loop, and ends the channel
            // after a hundred.
            thread.execute(this::resumeReads);
        } else {
            source.resumeReads();
        }
    }

    private void resumeReads() {
        if (readable != null) {
            source.resumeReads();
        }
    }

    /** XNIO tells again and again, until reads are suspended. */
    private void canRead() {
        Runnable task = readable;
        readable = null;
        if (tls) {
            source.suspendReads();
        }
        if (task != null) {
            task.run();
        }
        if (readable == null) {
            source.suspendReads();
        }
    }

    // ---- Writing

    @Override
    public long write(ByteBuffer[] srcs, int offset, int length) throws IOException {
        return tls && !onThread() ? 0 : sink.write(srcs, offset, length);
    }

    @Override
    public boolean flushed() throws IOException {
        return (!tls || onThread()) && sink.flush();
    }

    @Override
    public void whenWritable(Runnable task) {
        writable = task;
        sink.resumeWrites();
    }

    /** The same as with reads. */
    private void canWrite() {
        Runnable task = writable;
        writable = null;
        if (task != null) {
            task.run();
        }
        if (writable == null) {
            sink.suspendWrites();
        }
    }

    // ---- The end

    @Override
    public boolean halfCloses() {
        return !tls;
    }

    @Override
    public void shutdownOutput() throws IOException {
        sink.shutdownWrites();
        if (!sink.flush()) {
            throw new IOException("the end of the output does not leave");
        }
    }

    @Override
    public void close() {
        end(this::closeChannel);
    }

    private void closeChannel() {
        if (tls && channel.isOpen()) {
            try { // TLS says that it ends (RFC 8446 §6.1).
                sink.shutdownWrites();
                boolean _ = sink.flush();
            } catch (IOException _) {
                // The peer is gone already.
            }
        }
        IoUtils.safeClose(channel);
    }

    @Override
    public void abort() {
        end(this::abortChannel);
    }

    private void abortChannel() {
        try {
            Boolean _ = channel.setOption(Options.CLOSE_ABORT, true);
        } catch (IOException _) {
            // It is closed already.
        }
        IoUtils.safeClose(channel);
    }

    private void end(Runnable how) {
        if (onThread()) {
            how.run();
            return;
        }
        try {
            thread.execute(how);
        } catch (RejectedExecutionException _) {
            how.run(); // Nothing runs there any more.
        }
    }

    // ---- What it is

    @Override
    public Optional<HostLoop> loop() {
        return Optional.of(loop);
    }

    @Override
    public Optional<SocketAddress> localAddress() {
        return Optional.ofNullable(channel.getLocalAddress());
    }

    @Override
    public Optional<SocketAddress> peerAddress() {
        return peer;
    }

    @Override
    public Optional<SSLSession> tlsSession() {
        return session;
    }
}
