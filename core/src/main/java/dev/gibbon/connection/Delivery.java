// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.connection;

import dev.gibbon.ConnectionOptions;
import dev.gibbon.InterruptedCallException;
import dev.gibbon.TimeSource;
import dev.gibbon.WriteTimeoutException;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.locks.Condition;
import org.jspecify.annotations.Nullable;

/**
 * How long a caller stays with the frame it has appended to the {@linkplain Output output}: not at all while the
 * frame may be held back, rests until the turn ends, or is queued for others to write; otherwise until it has left.
 * Callers that wait write for each other: their frames leave together.
 */
final class Delivery {
    /** Instead of a frame's number: it may wait, and somebody sees to it. */
    static final long HELD = -1;

    /** Instead of a frame's number: it may rest until the turn ends, which must be told that it does. */
    private static final long RESTS = -2;

    /** Instead of a frame's number, at this bit: the caller has become the writer. */
    private static final long CLAIMED = 1L << 62;

    private final Output output;
    private final WebSocketConnection connection;
    private final ConnectionOptions options;

    // Guarded by output.lock.

    /** Made when a thread first waits, as on most connections none ever does. */
    private @Nullable Condition changed;

    private int threadsWaiting;

    /**
     * Whether the reader is about to wait or does: then nothing may be held back. It looks at what is there after
     * setting it.
     */
    private volatile boolean readerWaits;

    private volatile boolean batching;

    /** Whether writes return when they are queued, since a listener has the connection. */
    private volatile boolean queueing;

    /** How long a call may take from now on, or null for as long as it does. */
    private volatile @Nullable Duration timeout;

    Delivery(Output output, WebSocketConnection connection, ConnectionOptions options) {
        this.output = output;
        this.connection = connection;
        this.options = options;
        this.batching = options.batchWrites();
    }

    void batching(boolean on) {
        batching = on;
    }

    /** From now on writes return when they are queued. */
    void queueing() {
        output.lock.lock();
        try {
            output.ownFillingLocked();
            queueing = true;
        } finally {
            output.lock.unlock();
        }
    }

    /** {@return whether writes return when they are queued, whatever thread writes} */
    boolean isQueueing() {
        return queueing;
    }

    void timeout(Duration atMost) {
        timeout = atMost;
    }

    /** {@return when a write that begins now must have ended} */
    long writeUntil() {
        Duration atMost = timeout;
        return atMost == null ? Engine.NEVER : connection.engine().until(atMost);
    }

    /**
     * {@return whether the calling thread waits until its bytes have left; otherwise it is done when they are
     * queued}
     */
    boolean mayWait() {
        return !queueing && !output.onTurn();
    }

    /** The reader is about to wait: lets go what is held back, and holds nothing back until {@link #readerGoesOn()}. */
    void readerBlocks() {
        readerWaits = true;
        if (batching) {
            output.push();
        }
    }

    void readerGoesOn() {
        readerWaits = false;
    }

    // ---- What becomes of a frame

    /** Counts the frame that was just appended; {@return the caller's duty, as {@link #dutyLocked} has it} */
    long countedLocked(boolean borrowed) {
        output.countLocked();
        return dutyLocked(borrowed);
    }

    /**
     * {@return what the caller must do once it has let go of the lock, for {@link #deliver}}
     *
     * @param borrowed whether the last frame's payload is the caller's again once its write returns
     */
    long dutyLocked(boolean borrowed) {
        assert output.holdsLock();
        boolean waits = mayWait();
        if (waits ? batching && !borrowed && !readerWaits && hasRoomLocked() : mayRestLocked(borrowed)) {
            return waits || output.underWayLocked() ? HELD : RESTS;
        }
        // Whoever writes, or the turns, go on until nothing is left.
        if (output.underWayLocked()) {
            if (waits) {
                return output.appendedLocked();
            }
            if (borrowed) {
                output.batchLocked().own();
            }
            return HELD;
        }
        output.claimLocked();
        return output.appendedLocked() | CLAIMED;
    }

    private boolean hasRoomLocked() {
        return output.batchLocked().bytes() < options.batchBytes();
    }

    /** {@return whether a frame may rest until the turn ends in which it was written} */
    private boolean mayRestLocked(boolean borrowed) {
        return !borrowed && hasRoomLocked() && connection.driver().onThread();
    }

    /** Does what {@link #dutyLocked} has said. */
    void deliver(long duty, long until) throws IOException {
        if (duty == HELD) {
            return;
        }
        if (duty == RESTS) {
            // Not under the lock: where many connections rest, the oldest writes now.
            connection.driver().touch();
            return;
        }
        if ((duty & CLAIMED) != 0) {
            output.writeOut(duty & ~CLAIMED);
        }
        if (mayWait()) {
            awaitWritten(duty & ~CLAIMED, until);
        }
    }

    /** Has everything sent that was appended; waits until it has left if the caller may. */
    void flush() throws IOException {
        long until = writeUntil();
        long all;
        output.lock.lock();
        try {
            if (output.failedLocked()) {
                throw output.closedForWriting();
            }
            all = output.appendedLocked();
        } finally {
            output.lock.unlock();
        }
        if (mayWait()) {
            awaitWritten(all, until);
        } else {
            output.push();
        }
    }

    // ---- Waiting until a frame has left

    /**
     * Waits until the frame has left. Frames that nobody writes the caller writes, and with them all others that
     * are there. One that has not left in time ends the connection: nobody can take it back.
     */
    private void awaitWritten(long frame, long until) throws IOException {
        try {
            awaitWrittenOrLate(frame, until);
        } catch (WriteTimeoutException late) {
            connection.lifecycle().drop(late);
            // Until nobody reads the caller's bytes any more.
            awaitWrittenOrLate(frame, Engine.NEVER);
            throw late;
        }
    }

    private void awaitWrittenOrLate(long frame, long until) throws IOException {
        boolean claimed = true;
        while (claimed) {
            output.lock.lock();
            try {
                claimed = awaitWrittenOrClaimLocked(frame, until);
            } finally {
                output.lock.unlock();
            }
            if (claimed) {
                output.writeOut(frame);
            }
        }
    }

    /** {@return whether the caller has become the writer; if not the frame has left} */
    private boolean awaitWrittenOrClaimLocked(long frame, long until) throws IOException {
        while (!output.hasLeftLocked(frame)) {
            // Also once the connection has failed: while somebody writes, our payload may be what
            // the system call reads.
            if (output.lostLocked()) {
                throw output.closedForWriting();
            }
            if (output.mayClaimLocked()) {
                output.claimLocked();
                return true;
            }
            try {
                awaitChangeLocked(until);
            } catch (InterruptedCallException e) {
                leaveBehindLocked();
                throw e;
            }
        }
        return false;
    }

    /** The caller goes before its frames do: what is borrowed of it is copied. */
    private void leaveBehindLocked() {
        threadsWaiting++;
        while (output.isWritingLocked()) { // That does not wait for the peer.
            changedLocked().awaitUninterruptibly();
        }
        threadsWaiting--;
        output.ownLocked();
    }

    // ---- Waiting for any change

    /**
     * Waits for the next change of what the lock guards; callers look again whether it is the one they wait for.
     *
     * @param until how long at most, on the engine's clock
     * @throws InterruptedCallException if the thread is interrupted
     * @throws WriteTimeoutException if it is later than that
     */
    @SuppressWarnings("WaitNotInLoop")
    void awaitChangeLocked(long until) throws InterruptedCallException, WriteTimeoutException {
        assert output.lock.getHoldCount() == 1 : "a wait that does not let go of the send lock";
        TimeSource.Timer alarm = until == Engine.NEVER ? null : alarm(until);
        threadsWaiting++;
        try {
            changedLocked().await();
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
            throw new InterruptedCallException(
                    "a write was interrupted while it waited; what it began is still sent whole");
        } finally {
            threadsWaiting--;
            if (alarm != null) {
                alarm.cancel();
            }
        }
    }

    private TimeSource.Timer alarm(long until) throws WriteTimeoutException {
        TimeSource time = connection.engine().time();
        long left = until - time.nanoTime();
        if (left <= 0) {
            throw new WriteTimeoutException("a write was not done within " + timeout);
        }
        return time.schedule(Duration.ofNanos(left), this::signal);
    }

    private void signal() {
        output.lock.lock();
        try {
            signalLocked();
        } finally {
            output.lock.unlock();
        }
    }

    private Condition changedLocked() {
        Condition condition = changed;
        if (condition == null) {
            condition = output.lock.newCondition();
            changed = condition;
        }
        return condition;
    }

    /** What the lock guards has changed: those that wait look at it. */
    void signalLocked() {
        Condition condition = changed;
        if (condition != null && threadsWaiting > 0) {
            condition.signalAll();
        }
    }

    /** {@return whether a thread waits, which would go on with what is there} */
    boolean anyWaitLocked() {
        return threadsWaiting > 0;
    }
}
