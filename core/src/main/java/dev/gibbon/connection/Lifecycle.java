// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.connection;

import dev.gibbon.CloseCode;
import dev.gibbon.CloseStatus;
import dev.gibbon.ConnectionClosedException;
import dev.gibbon.ConnectionState;
import dev.gibbon.Role;
import dev.gibbon.TimeSource;
import dev.gibbon.WebSocketException;
import dev.gibbon.WriteTimeoutException;
import dev.gibbon.protocol.ClosingHandshake;
import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The end of a connection (§7): the one place that maps what went wrong to a close code and takes everything down,
 * within bounds in time and bytes. Any thread.
 */
public final class Lifecycle implements Ending.Side {
    private final ClosingHandshake closing;
    private final WebSocketConnection connection;
    private final Duration closeTimeout;

    // Written under this object's monitor, since an idle
    // connection pays for every object; read by any thread.
    private volatile boolean closed;
    private volatile boolean finishing;
    private volatile boolean deadlineArmed;

    /** What failed the connection, once something did; the first failure stays. */
    private volatile @Nullable WebSocketException failure;

    /** Whether a reader or a listener has been told of the end, which stays what it was then. */
    private boolean endTold;

    /** Why the transport takes no more bytes, if a write has found that. */
    private volatile @Nullable IOException writeFailure;

    private volatile TimeSource.@Nullable Timer deadline;
    private volatile TimeSource.@Nullable Timer linger;

    /** Told of the end; made when somebody asks. Guarded by this object's monitor. */
    private @Nullable Promise<CloseStatus> end;

    Lifecycle(ClosingHandshake closing, WebSocketConnection connection, Duration closeTimeout) {
        this.closing = closing;
        this.connection = connection;
        this.closeTimeout = closeTimeout;
    }

    ClosingHandshake closing() {
        return closing;
    }

    ConnectionState state() {
        return closing.state();
    }

    /** {@return what every read must report from now on, or null if the connection ended cleanly or has not ended} */
    @Nullable
    WebSocketException failure() {
        return failure;
    }

    /**
     * {@return the same, for good} Whoever reads is told one end: a time-out that comes while the peer's Close frame is
     * being dealt with changes it no more.
     */
    synchronized @Nullable WebSocketException lastFailure() {
        endTold = true;
        return failure;
    }

    private synchronized void failFirst(WebSocketException problem) {
        if (failure == null && !endTold) {
            failure = problem;
        }
    }

    private synchronized boolean armFirst() {
        boolean first = !deadlineArmed;
        deadlineArmed = true;
        return first;
    }

    private synchronized boolean finishFirst() {
        boolean first = !finishing;
        finishing = true;
        return first;
    }

    /** {@return what a write reports that comes too late} */
    WebSocketException closedForWriting() {
        if (failure instanceof WriteTimeoutException timeout) {
            return timeout;
        }
        ClosingHandshake.Progress progress = closing.progress();
        String message;
        if (progress.received() != null
                && failure instanceof ConnectionClosedException theirs
                && theirs.closeReceived().isPresent()) {
            message = "the peer sent a Close frame: " + progress.received().code() + " (§5.5.1)";
        } else if (progress.sent() != null) {
            message = "a Close frame was sent: " + progress.sent().code() + " (§5.5.1)";
        } else if (progress.received() != null) {
            message = "the peer sent a Close frame: " + progress.received().code() + " (§5.5.1)";
        } else {
            message = "the connection is gone";
        }
        return new ConnectionClosedException(message, progress.sent(), progress.received(), failure);
    }

    /** {@return what reading from a message reports whose end will not come} */
    WebSocketException closedForReading() {
        WebSocketException known = failure;
        if (known != null) {
            return known;
        }
        ClosingHandshake.Progress progress = closing.progress();
        return new ConnectionClosedException(
                "the connection was closed in the middle of a message", progress.sent(), progress.received(), null);
    }

    /**
     * A handler of the application threw: the connection ends with 1011, and the read that ran it reports the cause.
     */
    WebSocketException handlerFailed(Throwable cause) {
        return fail(handlerThrew(cause), CloseCode.INTERNAL_ERROR);
    }

    /** {@return what reads report of a connection that ends because code of the application threw} */
    WebSocketException handlerThrew(Throwable cause) {
        ClosingHandshake.Progress progress = closing.progress();
        return new ConnectionClosedException("a handler threw", progress.sent(), progress.received(), cause);
    }

    /** The peer's Close frame has come: answers it if that was not done, then ends the transport, on another thread. */
    void closeReceived(CloseStatus status, boolean midMessage) {
        ClosingHandshake.Progress progress = closing.progress();
        if (progress.sent() == null && (midMessage || !status.code().isClean())) {
            failFirst(new ConnectionClosedException(
                    "the peer closed with " + status.code() + (midMessage ? ", in the middle of a message" : ""),
                    progress.sent(),
                    status,
                    null));
        }
        boolean _ = connection.controlFrames().appendClose(new CloseStatus(status.code(), ""));
        finishLater();
    }

    /**
     * The peer broke a rule or a limit (§7.1.7): says so in a Close frame, then ends the transport, on another thread.
     */
    WebSocketException fail(WebSocketException problem, CloseCode code) {
        CloseStatus status = failure == null ? refusal(code, problem) : new CloseStatus(code, "");
        failFirst(problem);
        boolean _ = connection.controlFrames().appendClose(status);
        finishLater();
        WebSocketException first = failure;
        return first != null ? first : problem;
    }

    /** {@return what the Close frame says to a peer that broke a rule or a limit} A server's log has the reason. */
    CloseStatus refusal(CloseCode code, WebSocketException problem) {
        boolean ours = connection.role() == Role.CLIENT || code.equals(CloseCode.INTERNAL_ERROR);
        return ours
                ? new CloseStatus(code, "")
                : connection
                        .engine()
                        .refusals()
                        .close(code, problem, connection.stream().peerAddress());
    }

    /** Begins a closing handshake without waiting for it; whoever reads goes on and sees the peer's answer. */
    public void closeLater(CloseStatus status, @Nullable WebSocketException why) {
        armDeadline();
        boolean _ = connection.controlFrames().appendClose(status, () -> {
            if (why != null) { // Only if it is this that closes; otherwise reads may have reported another end already.
                failFirst(why);
            }
        });
        connection.sender().push();
        connection.resumeInput(); // Data that waited for a reader is of no use any more.
    }

    /**
     * A message of ours will not end, and the peer has a part of it, which only a failed connection takes back
     * (§5.4): says so in a Close frame, without waiting.
     */
    void messageAbandoned(String why) {
        if (!closing.maySendData()) {
            return; // The message has failed with the connection.
        }
        CloseStatus status = new CloseStatus(CloseCode.INTERNAL_ERROR, "");
        closeLater(status, new ConnectionClosedException(why, status, null, null));
    }

    /** The peer is most likely gone: a Close frame is tried for a moment, then the transport is dropped. */
    void giveUp(CloseStatus status, WebSocketException why) {
        closeLater(status, why);
        TimeSource.Timer _ = connection.engine().time().schedule(Ending.LINGER, () -> drop(why));
    }

    // ---- What the end of the transport asks

    @Override
    public void push() {
        connection.sender().push();
    }

    @Override
    public boolean allWritten() {
        return connection.sender().output().allWritten();
    }

    @Override
    public void drain(long most) {
        connection.input().drain(most);
    }

    /** The server closes first, so that TIME_WAIT is not the client's. Nobody waits for a peer that broke a rule. */
    @Override
    public boolean endsFirst() {
        return connection.role() == Role.SERVER || failure != null;
    }

    @Override
    public boolean peerIsDone() {
        return closing.progress().received() != null;
    }

    @Override
    public void readAgain() {
        connection.driver().again();
    }

    @Override
    public void lost(IOException why) {
        lost((Throwable) why);
    }

    /** The transport broke or ended without a closing handshake (§7.1.5: 1006). */
    void lost(Throwable cause) {
        noteLost(cause);
        terminate(false);
    }

    /** Nobody waits for the peer any more: it does not read, its time is up, or the application aborts. */
    void drop(Throwable cause) {
        noteLost(cause);
        terminate(true);
    }

    private void noteLost(Throwable cause) {
        ClosingHandshake.Progress progress = closing.progress();
        if (progress.received() == null) { // Otherwise the peer's Close frame has said how it ended.
            IOException before = writeFailure; // Then what a read finds is only what is left.
            failFirst(lostException(progress, before == null || cause instanceof WebSocketException ? cause : before));
        }
    }

    /**
     * The transport takes no more bytes. What the peer sent before it stopped reading may say why, so that is read
     * before the transport is dropped.
     */
    void writeFailed(Throwable why) {
        if (writeFailure == null && why instanceof IOException broken) {
            writeFailure = broken;
        }
    }

    private static WebSocketException lostException(ClosingHandshake.Progress progress, Throwable cause) {
        if (cause instanceof WebSocketException known) {
            return known;
        }
        String message = cause instanceof ClosedByInterruptException
                ? "the connection was lost: its thread was interrupted (1006)"
                : "the connection was lost without a Close frame (1006, §7.1.5)";
        return new ConnectionClosedException(message, progress.sent(), progress.received(), cause);
    }

    /** Bounds all that is left to do; the first call counts. */
    void armDeadline() {
        if (armFirst()) {
            deadline = connection
                    .engine()
                    .time()
                    .schedule(
                            closeTimeout,
                            () -> drop(new IOException("closing handshake took more than " + closeTimeout)));
            if (state() == ConnectionState.CLOSED) {
                cancelDeadline();
            }
        }
    }

    private void cancelDeadline() {
        TimeSource.Timer timer = deadline;
        if (timer != null) {
            timer.cancel();
        }
    }

    /** {@return whether the protocol is done and the transport is being ended} */
    public boolean isFinishing() {
        return finishing;
    }

    /** {@return whether the transport is gone and everything given back} */
    boolean isClosed() {
        return closed;
    }

    /** {@return whether the end has come, waiting for it at most so long} */
    public boolean awaitClosed(Duration atMost) throws InterruptedException {
        long until = System.nanoTime() + atMost.toNanos();
        synchronized (this) {
            for (long left = atMost.toNanos(); !closed && left > 0; left = until - System.nanoTime()) {
                TimeUnit.NANOSECONDS.timedWait(this, left);
            }
        }
        return closed;
    }

    /** {@return a future of the caller's own that completes with how the connection has ended} */
    synchronized CompletableFuture<CloseStatus> end() {
        if (end == null) {
            end = new Promise<>("the end of a connection");
            if (closed) {
                boolean _ = end.complete(closing.progress().ending());
            }
        }
        return end.copy();
    }

    /**
     * The reader is done with the transport: sends what is left,
     * ends our direction, waits for the peer's end, and closes.
     */
    void finishLater() {
        if (finishFirst()) {
            armDeadline();
            connection.finish();
        }
    }

    /** Takes everything down unless that has happened by then. */
    @Override
    public void terminateIn(Duration fromNow) {
        TimeSource.Timer timer = connection.engine().time().schedule(fromNow, this::terminate);
        linger = timer;
        if (state() == ConnectionState.CLOSED) {
            timer.cancel();
        }
    }

    /** Takes everything down, once. */
    @Override
    public void terminate() {
        terminate(false);
    }

    private void terminate(boolean reset) {
        if (!closing.lost()) {
            return;
        }
        try {
            if (reset) {
                connection.stream().abort();
            } else {
                connection.stream().close();
            }
        } catch (IOException _) {
            // Nothing is left that could be done with it.
        }
        cancelDeadline();
        TimeSource.Timer lingering = linger;
        if (lingering != null) {
            lingering.cancel();
        }
        assert !Thread.holdsLock(this) : "everybody is told under the life cycle's monitor";
        connection.released();
        Promise<CloseStatus> told;
        synchronized (this) {
            closed = true;
            notifyAll();
            told = end;
        }
        if (told != null) { // Application code depends on it, which may take its time.
            connection.engine().start("gibbon-closed", () -> {
                boolean _ = told.complete(closing.progress().ending());
            });
        }
    }
}
