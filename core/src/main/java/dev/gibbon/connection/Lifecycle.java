// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.connection;

import dev.gibbon.CloseCode;
import dev.gibbon.CloseStatus;
import dev.gibbon.ConnectionClosedException;
import dev.gibbon.ConnectionState;
import dev.gibbon.Group;
import dev.gibbon.Role;
import dev.gibbon.TimeSource;
import dev.gibbon.WebSocketException;
import dev.gibbon.WriteTimeoutException;
import dev.gibbon.protocol.ClosingHandshake;
import java.io.IOException;
import java.time.Duration;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
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

    // Guarded by this object's monitor.
    private @Nullable Set<Group> groups;
    private @Nullable Runnable onClosed;

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

    boolean isGone() {
        return closing.state() == ConnectionState.CLOSED;
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
        return EndReport.toWriter(closing.progress(), failure);
    }

    /** {@return what reading from a message reports whose end will not come} */
    WebSocketException closedForReading() {
        WebSocketException known = failure;
        return known != null ? known : EndReport.toReader(closing.progress());
    }

    /**
     * A handler of the application threw: the connection ends with 1011, and the read that ran it reports the cause.
     */
    WebSocketException handlerFailed(Throwable cause) {
        return fail(handlerThrew(cause), CloseCode.INTERNAL_ERROR);
    }

    /** {@return what reads report of a connection that ends because code of the application threw} */
    WebSocketException handlerThrew(Throwable cause) {
        return EndReport.handlerThrew(closing.progress(), cause);
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
                : connection.engine().refusals().close(code, problem, connection.peerAddress(), connection.path());
    }

    /** Begins the closing handshake, unless the connection is gone, and does not wait for it. */
    public void closeLater(CloseStatus status) {
        if (!isGone()) {
            closeLater(status, null);
        }
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
        connection.turn().resumeLater(); // Data that waited for a reader is of no use any more.
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
            failFirst(EndReport.lost(progress, before == null || cause instanceof WebSocketException ? cause : before));
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

    /** Bounds all that is left to do; the first call counts. */
    void armDeadline() {
        if (armFirst()) {
            deadline = connection
                    .engine()
                    .time()
                    .schedule(
                            closeTimeout,
                            () -> drop(new IOException("closing handshake took more than " + closeTimeout)));
            if (isGone()) {
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

    /** Waits for the end, or until the thread is interrupted: then the closing handshake goes on, within its time. */
    void awaitEnd() {
        try {
            while (!awaitClosed(closeTimeout)) {}
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    /** {@return how the connection ends, once that is known} */
    Optional<CloseStatus> closeStatus() {
        ClosingHandshake.Progress progress = closing.progress();
        boolean known = progress.received() != null || progress.state() == ConnectionState.CLOSED;
        return known ? Optional.of(progress.ending()) : Optional.empty();
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
            connection.turn().finish();
        }
    }

    /** Takes everything down unless that has happened by then. */
    @Override
    public void terminateIn(Duration fromNow) {
        TimeSource.Timer timer = connection.engine().time().schedule(fromNow, this::terminate);
        linger = timer;
        if (isGone()) {
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
        Observed seen = connection.observed();
        if (seen != null && reset) {
            seen.dropped();
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
        release();
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

    /** Gives everything back and tells whoever waits. */
    private void release() {
        connection.engine().unregister(connection);
        leaveGroups();
        connection.sender().fail();
        connection.writing().lost();
        connection.controlFrames().end();
        // Perhaps in a call of the listener, which is to be its last but for the end.
        if (connection.driver().onThread()) {
            connection.input().stop();
        }
        connection.sink().end();
        connection.driver().execute(connection.turn()::gone);
        runOnClosed();
    }

    // ---- Who is told

    /** The connection leaves {@code group} when it ends, or now if it has. */
    public void leaveAtEnd(Group group) {
        synchronized (this) {
            if (groups == null) {
                groups = new HashSet<>(2);
            }
            groups.add(group);
        }
        if (isGone()) {
            leaveGroups();
        }
    }

    public synchronized void left(Group group) {
        if (groups != null) {
            groups.remove(group);
        }
    }

    private void leaveGroups() {
        Set<Group> joined;
        synchronized (this) {
            joined = groups;
            groups = null;
        }
        if (joined != null) {
            joined.forEach(group -> group.leave(connection));
        }
    }

    /** Runs {@code task} once the connection is closed, or now if it is. */
    public void onClosed(Runnable task) {
        synchronized (this) {
            onClosed = task;
        }
        if (isGone()) {
            runOnClosed();
        }
    }

    private void runOnClosed() {
        Runnable task;
        // It may be the thread that asks, and the one that ends the connection.
        synchronized (this) {
            task = onClosed;
            onClosed = null;
        }
        if (task != null) {
            task.run();
        }
    }
}
