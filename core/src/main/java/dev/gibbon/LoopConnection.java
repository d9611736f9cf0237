// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import dev.gibbon.internal.LoopTransport;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.CancelledKeyException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * One connection on its {@link EventLoop}: reads when there is something, pauses
 * while too much waits to be sent, writes on when the transport takes more, and ends
 * the transport without waiting. Loop's thread only, unless a method says otherwise.
 */
final class LoopConnection implements EventLoop.Ready {
    /** How often a transport that buffers input is read in one turn before others get theirs. */
    private static final int READS_PER_TURN = 16;

    /** How long the peer may keep the transport open once both Close frames have passed, or once it broke the rules. */
    private static final Duration LINGER = Duration.ofSeconds(2);

    /** How many bytes are read and thrown away meanwhile, so that our Close frame is not lost to a reset. */
    private static final long LINGER_BYTES = 1L << 20;

    /** What is read behind our own Close frame, at most, unless one message may be longer. */
    private static final long MAX_DISCARDED = 1L << 20;

    /** How often a transport is read that takes no more bytes: what the system has kept of a peer that is gone. */
    private static final int READS_BEFORE_THE_END = 64;

    /** What is left to do. */
    private enum Phase {
        /** Frames are received and sent. */
        OPEN,
        /** The protocol is done: what is queued leaves. */
        FLUSHING,
        /** Our direction is ended: whatever comes is thrown away until the peer's is. */
        LINGERING,
        /** The transport is gone. */
        ENDED
    }

    private final WebSocketConnection connection;
    private final EventLoop loop;
    private final LoopTransport transport;
    private final SocketChannel channel;
    private final Delivery delivery;

    private Phase phase = Phase.OPEN;
    private @Nullable SelectionKey key;

    /** Input that came and waits until there is room for answers. */
    private @Nullable ByteBuffer held;

    private boolean started;

    /** Whether it is gone on with right now: no copy of it needs to be made if it must wait again. */
    private boolean goingOn;

    private boolean touched;
    private boolean paused;
    private boolean writeFailed;
    private long discarded;

    LoopConnection(
            WebSocketConnection connection,
            EventLoop loop,
            LoopTransport transport,
            SocketChannel channel,
            Delivery delivery) {
        this.connection = connection;
        this.loop = loop;
        this.transport = transport;
        this.channel = channel;
        this.delivery = delivery;
    }

    /** {@return whether the calling thread is this connection's loop} Any thread. */
    boolean onLoopThread() {
        return loop.onThread();
    }

    /** {@return the loop} Any thread. */
    EventLoop loop() {
        return loop;
    }

    /** Begins to serve the connection, with what a blocking reader has left. */
    void start(Receiver.Rest rest) {
        started = true;
        delivery.open(loop, rest);
        if (phase == Phase.ENDED) { // Lost before the loop came to it.
            delivery.ended();
            return;
        }
        touch(); // Frames may have been held back for company before there was a loop.
        try {
            key = loop.register(channel, SelectionKey.OP_READ, this);
            if (rest.input().hasRemaining() || delivery.inflating()) {
                accept(rest.input());
            }
            if (transport.buffersInput()) {
                read();
            }
            afterTurn();
            updateInterest(); // A write of another thread may wait since before there was a key.
        } catch (ClosedChannelException e) {
            connection.lifecycle().lost(e);
        }
    }

    /** Frames are held back until the end of the turn. */
    void touch() {
        if (!touched) {
            touched = true;
            loop.touched(this);
        }
    }

    /** The end of the turn: what was held back leaves. */
    void flush() {
        touched = false;
        flushQuietly();
        afterTurn();
    }

    /** Sends what is held back in the middle of a turn, when some listener is being called: so none is called here. */
    void flushEarly() {
        touched = false;
        flushQuietly();
        if (connection.sender().congested() || phase == Phase.FLUSHING) {
            loop.execute(this::afterTurn);
        }
    }

    /** The transport does not take any more; any thread. */
    void awaitWritable() {
        if (loop.onThread()) {
            updateInterest();
        } else {
            loop.execute(this::updateInterest);
        }
    }

    /** What was queued has left, by another thread's doing; any thread. */
    void allWritten() {
        if (!loop.onThread()) {
            loop.execute(this::afterTurn);
        }
    }

    /**
     * The transport takes no more bytes: what the peer sent before may say why, and is read before the end; any thread.
     */
    void writeFailed(IOException why) {
        loop.execute(() -> readBeforeTheEnd(why));
    }

    private void readBeforeTheEnd(IOException why) {
        writeFailed = true;
        connection.sender().giveUpWriting(); // The thread whose write has failed may not have come to it.
        setPaused(false);
        for (int reads = READS_BEFORE_THE_END; reads > 0 && phase == Phase.OPEN; reads--) {
            delivery.beginTurn();
            if (held != null) {
                goOn();
            } else if (!readOnce()) {
                break;
            }
        }
        if (phase != Phase.ENDED) {
            connection.lifecycle().lost(why);
        }
    }

    @Override
    public void broken(Throwable defect) {
        connection.lifecycle().lost(defect);
    }

    @Override
    public void ready(int operations) {
        delivery.beginTurn();
        if ((operations & SelectionKey.OP_WRITE) != 0) {
            writable();
        }
        if ((operations & SelectionKey.OP_READ) != 0) {
            read();
        }
        afterTurn();
    }

    private void writable() {
        try {
            connection.sender().writable();
            updateInterest();
        } catch (WebSocketException _) {
            // Lost, and everybody who asks is told.
        }
    }

    private void read() {
        if (held != null && !paused) {
            goOn();
        }
        int reads = transport.buffersInput() ? READS_PER_TURN : 1;
        while (reads > 0 && !paused && held == null && phase != Phase.ENDED && readOnce()) {
            reads--;
        }
        if (reads == 0 && transport.buffersInput()) {
            loop.again(this);
        }
    }

    /** {@return whether something came} */
    private boolean readOnce() {
        ByteBuffer in = phase == Phase.OPEN ? delivery.target() : loop.receiveBuffer();
        int start = in.position();
        int n;
        try {
            n = transport.read(in);
            if (transport.buffersInput() && phase != Phase.LINGERING && !writeFailed) { // Its output has ended there.
                flushTransport();
            }
        } catch (IOException e) {
            connection.lifecycle().lost(e);
            return false;
        }
        if (n < 0) {
            ended();
            return false;
        }
        if (n > 0) {
            delivery.noteRead();
            in.limit(in.position()).position(start);
            accept(in);
        }
        return n > 0;
    }

    /** TLS may answer a record by one of its own, which nobody asked us to write. */
    private void flushTransport() {
        try {
            if (!transport.flush()) {
                connection.sender().transportBlocked();
                updateInterest();
            }
        } catch (IOException e) {
            writeFailed(e); // What has just been read is not lost by it.
        }
    }

    private void ended() {
        if (phase == Phase.OPEN) {
            connection.lifecycle().lost(new EOFException("the peer ended the stream without a Close frame"));
        } else {
            connection.lifecycle().terminate();
        }
    }

    private void accept(ByteBuffer in) {
        if (phase != Phase.OPEN) {
            discard(in.remaining(), LINGER_BYTES);
            return;
        }
        if (connection.lifecycle().closing().progress().sent() != null) {
            discard(in.remaining(), Math.max(MAX_DISCARDED, connection.maxMessageBytes()));
        }
        delivery.accept(in);
        while ((in.hasRemaining() || delivery.inflating()) && phase == Phase.OPEN) {
            if (delivery.exhausted()) { // Others get their turn.
                hold(in);
                loop.again(this);
                updateInterest();
                return;
            }
            flushQuietly(); // Stopped, since too much waits to be sent.
            if (!connection.sender().drained()) {
                hold(in);
                setPaused(true);
                return;
            }
            delivery.writable(); // A write may have been refused meanwhile.
            delivery.accept(in);
        }
    }

    private void hold(ByteBuffer in) {
        held = goingOn ? in : ByteBuffer.allocate(in.remaining()).put(in).flip();
    }

    /** Goes on with input that came before. */
    private void goOn() {
        ByteBuffer rest = held;
        if (rest != null) {
            held = null;
            goingOn = true;
            accept(rest);
            goingOn = false;
            updateInterest();
        }
    }

    private void discard(int bytes, long most) {
        discarded += bytes;
        if (discarded > most) {
            connection.lifecycle().lost(new IOException("more than " + most + " bytes came behind our Close frame"));
        }
    }

    /** Looks, after everything that may have changed it, whether to read on, to tell that there is room, or to end. */
    private void afterTurn() {
        if (phase == Phase.FLUSHING) {
            endOutput();
            return;
        }
        if (!connection.sender().congested() || phase != Phase.OPEN) {
            return;
        }
        flushQuietly();
        if (connection.sender().drained()) {
            setPaused(false);
            delivery.writable();
            resume();
        } else {
            setPaused(true);
        }
    }

    private void resume() {
        goOn();
        if (!paused && transport.buffersInput()) {
            loop.again(this);
        }
        touch(); // What the listener wrote leaves with this turn, too.
    }

    private void setPaused(boolean now) {
        if (paused != now) {
            paused = now;
            delivery.paused(now);
            updateInterest();
        }
    }

    private void updateInterest() {
        SelectionKey registered = key;
        if (registered == null || !registered.isValid()) {
            return;
        }
        int wanted = ((paused || held != null) && phase == Phase.OPEN ? 0 : SelectionKey.OP_READ)
                | (connection.sender().blocked() ? SelectionKey.OP_WRITE : 0);
        try {
            if (registered.interestOps() != wanted) {
                registered.interestOps(wanted);
            }
        } catch (CancelledKeyException _) {
            // Another thread has just closed the channel, and the end is on its way.
        }
    }

    private void flushQuietly() {
        try {
            connection.sender().flush();
        } catch (IOException _) {
            // The connection is closed by now and has told everybody who asks.
        }
    }

    // ---- The end

    /**
     * The protocol is done: sends what is left, ends our direction, waits for the peer's end, and closes. Any thread.
     */
    void finish() {
        if (!loop.onThread()) {
            loop.execute(this::finish);
        } else if (phase == Phase.OPEN) {
            phase = Phase.FLUSHING;
            held = null;
            flushQuietly();
            endOutput();
        }
    }

    private void endOutput() {
        if (phase != Phase.FLUSHING || !connection.sender().allWritten()) {
            updateInterest();
            return;
        }
        phase = Phase.LINGERING;
        Lifecycle lifecycle = connection.lifecycle();
        try {
            // §7.1.1: the server closes first, so that TIME_WAIT is not
            // the client's. Nobody waits for a peer that broke a rule.
            if (connection.role() == Role.SERVER || lifecycle.failure() != null) {
                transport.shutdownOutput();
                lifecycle.terminateIn(LINGER);
            }
            updateInterest();
            if (transport.buffersInput()) {
                loop.again(this);
            }
        } catch (IOException _) {
            lifecycle.terminate(); // The peer was quicker: what could be sent was sent.
        }
    }

    /** The transport is gone; any thread. */
    void released() {
        if (loop.onThread()) { // Perhaps in a call of the listener, which is to be its last but for the end.
            phase = Phase.ENDED;
            delivery.stop();
        }
        loop.execute(() -> {
            phase = Phase.ENDED;
            held = null;
            key = null;
            if (started) {
                delivery.ended();
            }
        });
    }
}
