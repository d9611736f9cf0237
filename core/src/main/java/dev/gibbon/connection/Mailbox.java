// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.connection;

import dev.gibbon.InterruptedCallException;
import dev.gibbon.MessageType;
import dev.gibbon.ReadTimeoutException;
import dev.gibbon.TimeSource;
import dev.gibbon.protocol.ClosingHandshake;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Received messages on their way to the thread that reads: the connection's turns put them in, one reader at a time
 * takes them out, and neither waits for a lock. What is not taken yet is bounded; beyond the bound the turns read
 * no more until the reader has emptied it. A message that is larger is not collected ahead: it is put together when
 * a reader waits for it, or comes piece by piece.
 *
 * <p>The two sides meet in {@code next} of the last item, {@code waiter}, {@code begun} and {@code full}: each
 * writes its own and then looks at the other's, so one of them sees that there is something to do.
 */
public final class Mailbox implements Sink {
    /** What to do instead of waiting for a message on a loop's thread. */
    private static final String READ_REMEDY =
            "give that connection to a listener too (Connection.listen), or read on a thread of your own";

    /** What an item counts for beside its bytes: its objects. */
    private static final int ITEM_BYTES = 64;

    /** What may be read ahead where all connections together hold all that they may. */
    private static final int LITTLE_BYTES = 1024;

    /** How much of a message that is streamed waits at most. */
    private static final int STREAM_BYTES = 128 * 1024;

    /**
     * A message, or a piece of one. Its value is whether it counts among what waits on the whole engine: the reader
     * that takes it and the turn that ends the connection may meet there, and one of them has it count no more.
     */
    static final class Item extends AtomicBoolean {
        private static final long serialVersionUID = 1L;

        private volatile @Nullable Item next;
        private final MessageType type;
        private final boolean first;
        private final boolean last;
        private final long cost;
        private byte[] bytes;

        private Item(MessageType type, byte[] bytes, boolean first, boolean last, boolean counted) {
            super(counted);
            this.type = type;
            this.bytes = bytes;
            this.cost = (long) bytes.length + ITEM_BYTES;
            this.first = first;
            this.last = last;
        }

        /** {@return how many bytes count no more on the whole engine} */
        private long uncount() {
            return getPlain() && getAndSet(false) ? cost : 0;
        }

        MessageType type() {
            return type;
        }

        /** {@return the bytes, the caller's} They are not kept here. */
        byte[] takeBytes() {
            byte[] all = bytes;
            bytes = NO_BYTES;
            return all;
        }

        boolean last() {
            return last;
        }

        boolean isWhole() {
            return first && last;
        }
    }

    /** What the reader waits for. */
    enum Want {
        /** Nothing: no reader waits. */
        NOTHING,
        /** A whole message. */
        MESSAGE,
        /** A message piece by piece. */
        PIECES
    }

    private static final byte[] NO_BYTES = {};

    private final WebSocketConnection connection;
    private final ClosingHandshake closing;
    private final int bound;

    /** Who reads; a second thread is refused. */
    private final AtomicReference<@Nullable Thread> reader = new AtomicReference<>();

    // Turns only.
    private Item tail;
    private long put;

    /** How many bytes of a message that is being put together count on the whole engine. */
    private long countedAssembly;

    // Reader only.
    private Item head;

    /** Whether a read has found the end: what a turn still put in behind it, as it was taken down, comes too late. */
    private boolean over;

    // Written by the reader, read by turns.
    private volatile long taken;
    private volatile Want want = Want.NOTHING;
    private volatile @Nullable Thread waiter;

    // Written by turns, read by the reader, which takes `full` back.
    private volatile boolean full;
    private volatile boolean begun;
    private volatile boolean ended;

    /** Whether a listener has taken over. */
    private volatile boolean retired;

    Mailbox(WebSocketConnection connection, ClosingHandshake closing, int bound) {
        this.connection = connection;
        this.closing = closing;
        this.bound = bound;
        Item stub = new Item(MessageType.BINARY, NO_BYTES, true, true, false);
        this.head = stub;
        this.tail = stub;
    }

    // ---- Turns

    @Override
    public boolean accepts(int assembled) {
        if (takes(assembled)) {
            return true;
        }
        full = true;
        if (takes(assembled)) { // The reader may have looked before that.
            full = false;
            return true;
        }
        return false;
    }

    /**
     * {@return whether a frame that ends the connection must wait: a reader has yet to take, or to deal with, what came
     * before it, and what it writes then would come too late} Once the reader waits again it has input go on.
     */
    boolean holdsEnd() {
        if (retired || !readerIsBehind()) {
            return false;
        }
        full = true;
        if (readerIsBehind()) {
            return true;
        }
        full = false; // It has come back meanwhile, and may have looked before that.
        return false;
    }

    private boolean readerIsBehind() {
        return put != taken || (taken != 0 && want == Want.NOTHING);
    }

    private boolean takes(int assembled) {
        if (closing.progress().sent() != null) {
            return true; // §1.4: what comes now is thrown away.
        }
        long waiting = put - taken;
        return switch (want) {
            case PIECES -> waiting < STREAM_BYTES;
            case MESSAGE -> waiting == 0 || fits(waiting + assembled);
            case NOTHING -> fits(waiting + assembled);
        };
    }

    private boolean fits(long bytes) {
        return bytes < room();
    }

    /**
     * {@return what may be read ahead} Where others have taken all that there is, a little: no connection is to be dead
     * to Pings because nobody reads those.
     */
    private int room() {
        return connection.engine().mayReadAhead() ? bound : Math.min(bound, LITTLE_BYTES);
    }

    @Override
    public int readBytes(int assembled) {
        if (want == Want.PIECES) {
            return STREAM_BYTES;
        }
        if (want == Want.MESSAGE || closing.progress().sent() != null) {
            return bound;
        }
        return (int) Math.max(1, room() - assembled - (put - taken));
    }

    @Override
    public long wholeBytes() {
        return want == Want.PIECES ? 0 : Long.MAX_VALUE;
    }

    @Override
    public long reservable(long announced, int assembled) {
        return want == Want.MESSAGE ? announced : Math.min(announced, Math.max(0, room() - assembled));
    }

    @Override
    public void take(ReceivedView message) {
        boolean counted = waiter == null;
        Item item = new Item(message.type(), message.takeBytes(), message.isFirst(), message.isLast(), counted);
        if (counted) {
            connection.engine().readAhead(item.cost);
        }
        put += item.cost;
        tail.next = item;
        tail = item;
    }

    @Override
    public void takePart(ReceivedView part) {
        take(part);
    }

    /**
     * Tells how much of a message is put together now, of which no part has been taken.
     *
     * @param place how many bytes the buffer has that it lies in
     */
    void assembling(int bytes, int place) {
        begun = bytes > 0;
        // The reader came meanwhile, and may have looked before that.
        if (begun && want == Want.PIECES) {
            connection.turn().resumeLater();
        }
        long counted = want == Want.NOTHING || bytes == 0 ? place : countedAssembly;
        if (counted != countedAssembly) {
            connection.engine().readAhead(counted - countedAssembly);
            countedAssembly = counted;
        }
    }

    @Override
    public void writable() {} // Writers that wait are told by the output.

    @Override
    public void gone() {} // Those that read have been told.

    @Override
    public String called() {
        return "a mailbox"; // It calls nobody.
    }

    /** Wakes the reader if there is something for it: a turn may have brought a Ping, or nothing. */
    @Override
    public void settle() {
        if (put != taken) {
            wake();
        }
    }

    private void wake() {
        Thread waits = waiter;
        if (waits != null) {
            LockSupport.unpark(waits);
        }
    }

    /** No more comes; also by the thread that drops the connection. */
    @Override
    public void end() {
        ended = true;
        wake();
    }

    /** {@return the oldest item that waits, if there is one} Reader, or, once a listener has taken over, a turn. */
    @Nullable
    Item poll() {
        Item next = head.next;
        if (next == null) {
            return null;
        }
        head = next;
        uncount(next);
        long all = taken + next.cost; // One reader at a time: no update is lost.
        taken = all;
        return next;
    }

    private void uncount(Item item) {
        long bytes = item.uncount();
        if (bytes != 0) {
            connection.engine().readAhead(-bytes);
        }
    }

    /**
     * The stream is gone, or a listener takes over: what is left is the application's, which may never take it, and
     * keeps no other connection from reading. In a turn.
     */
    @Override
    public void release() {
        assembling(0, 0);
        // The reader may have gone on from there, and then what it has taken counts no more.
        for (Item item = head; item != null; item = item.next) {
            uncount(item);
        }
    }

    // ---- Readers

    /**
     * Makes the calling thread the reader.
     *
     * @throws IllegalStateException if a thread reads already, or a listener has taken over
     */
    void enter(String call) {
        if (retired) {
            throw new IllegalStateException("this connection has a listener, which gets its messages");
        }
        mayWait(call);
        if (!reader.compareAndSet(null, Thread.currentThread())) {
            throw new IllegalStateException("another thread is reading from this connection");
        }
        if (retired) {
            exit();
            throw new IllegalStateException("this connection has a listener, which gets its messages");
        }
    }

    /**
     * Lets the call go on, unless this is a loop's thread.
     *
     * @throws IllegalStateException if it is
     */
    static void mayWait(String call) {
        LoopGuard.mayWait(call, READ_REMEDY);
    }

    void exit() {
        reader.set(null);
    }

    /** From now on nobody reads here. Whoever calls this takes out what is left, in a turn. */
    void retire() {
        if (!reader.compareAndSet(null, Thread.currentThread())) {
            throw new IllegalStateException(
                    retired ? "this connection has a listener" : "another thread is reading from this connection");
        }
        boolean second = retired;
        retired = true;
        reader.set(null);
        if (second) {
            throw new IllegalStateException("this connection has a listener");
        }
    }

    /** {@return when a read that begins now gives up, on the engine's clock} */
    long until(Duration atMost) {
        return connection.engine().until(atMost);
    }

    /**
     * {@return the next item, or null at the end} Waits for it, but not for ever.
     *
     * @param until when to give up, on the engine's clock
     */
    @Nullable
    Item next(Want wanted, long until) throws IOException {
        Item item = over ? null : poll();
        return item != null || over ? item : await(wanted, until);
    }

    private @Nullable Item await(Want wanted, long until) throws IOException {
        connection.sender().delivery().readerBlocks();
        Alarm alarm = null;
        waiter = Thread.currentThread();
        want = wanted;
        try {
            if (begun && wanted == Want.PIECES) { // What there is of it need not wait for more.
                connection.turn().resumeLater();
            }
            while (true) {
                boolean last = ended;
                Item item = poll();
                if (item != null || last) {
                    over = item == null;
                    return item;
                }
                // To give the loop a task, or set a timer, may wait for a lock, which uses up a
                // wake-up that has come since the look above: so it is looked again before this
                // thread parks.
                if (full) {
                    full = false;
                    connection.turn().resumeLater();
                    continue;
                }
                if (Thread.currentThread().isInterrupted()) {
                    throw new InterruptedCallException("a read was interrupted; the connection goes on");
                }
                boolean first = alarm == null;
                alarm = armed(alarm, until);
                if (!first || alarm == null) {
                    LockSupport.park(this);
                }
            }
        } finally {
            want = Want.NOTHING;
            waiter = null;
            disarm(alarm);
            connection.sender().delivery().readerGoesOn();
        }
    }

    /** A timer that wakes the reader. */
    private record Alarm(long at, TimeSource.Timer timer) {}

    private @Nullable Alarm armed(@Nullable Alarm known, long at) throws ReadTimeoutException {
        if (at == Engine.NEVER) {
            return known;
        }
        TimeSource time = connection.engine().time();
        long left = at - time.nanoTime();
        if (left <= 0) {
            throw new ReadTimeoutException("nothing came before the read's time was up");
        }
        if (known != null && known.at() == at) {
            return known;
        }
        disarm(known);
        return new Alarm(at, time.schedule(Duration.ofNanos(left), this::wake));
    }

    private static void disarm(@Nullable Alarm alarm) {
        if (alarm != null) {
            alarm.timer().cancel();
        }
    }
}
