// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.connection;

import dev.gibbon.CloseStatus;
import dev.gibbon.ConnectionOptions;
import dev.gibbon.ControlListener;
import dev.gibbon.Listener;
import dev.gibbon.WebSocketException;
import dev.gibbon.frame.Opcode;
import dev.gibbon.protocol.ClosePayload;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * The control frames (§5.5) of a connection: what the peer's do, and how ours leave, which pass between the fragments
 * of a message (§5.4), with nothing after a Close frame (§5.5.1). Our Pings wait here for their Pong.
 */
public final class ControlFrames implements HoldUp.Code {
    /** A Ping of ours that waits. */
    private record Waiting(long id, long sentAt, CompletableFuture<Duration> roundTrip) {}

    /** How many Pings may wait for their Pong; a peer that never answers must not make us hold more. */
    private static final int MAX_WAITING = 1024;

    private final WebSocketConnection connection;
    private final Sender sender;
    private final ConnectionOptions options;

    private volatile @Nullable ControlListener controlListener;
    private volatile @Nullable Listener listener;

    /** What was called last, for the log. Turns only. */
    private String called = "nobody";

    /** The same itself. */
    private Object code = called;

    // Guarded by this object's monitor, which costs an idle connection nothing.
    private @Nullable ArrayDeque<Waiting> waiting;
    private long lastId;
    private boolean ended;

    // Guarded by the send lock.
    private int pendingPongs;
    private byte @Nullable [] newestPong;

    ControlFrames(WebSocketConnection connection, Sender sender, ConnectionOptions options) {
        this.connection = connection;
        this.sender = sender;
        this.options = options;
    }

    void controlListener(ControlListener told) {
        controlListener = told;
    }

    void listener(Listener told) {
        listener = told;
    }

    /** {@return what of the application's was called last} In a turn. */
    String called() {
        return called;
    }

    @Override
    public Object code() {
        return code;
    }

    @Override
    public WebSocketConnection connection() {
        return connection;
    }

    // ---- Ours

    /**
     * Sends a Ping.
     *
     * @return how long its Pong takes, once that is there
     */
    CompletableFuture<Duration> ping() throws IOException {
        CompletableFuture<Duration> roundTrip = new Promise<>("the round trip of a Ping");
        send(Opcode.PING, ByteBuffer.wrap(pingPayload(roundTrip)));
        return roundTrip;
    }

    /** Makes the payload of a Ping whose Pong completes {@code roundTrip}. */
    private byte[] pingPayload(CompletableFuture<Duration> roundTrip) {
        byte[] payload;
        boolean late;
        Waiting unanswered = null;
        synchronized (this) {
            long id = ++lastId;
            payload = ByteBuffer.allocate(Long.BYTES).putLong(id).array();
            late = ended;
            if (!late) {
                if (waiting == null) {
                    waiting = new ArrayDeque<>(2);
                }
                waiting.add(new Waiting(id, connection.engine().time().nanoTime(), roundTrip));
                if (waiting.size() > MAX_WAITING) {
                    unanswered = waiting.removeFirst();
                }
            }
        }
        if (late) {
            roundTrip.completeExceptionally(connection.lifecycle().closedForWriting());
        }
        if (unanswered != null) {
            unanswered.roundTrip().completeExceptionally(new TimeoutException(MAX_WAITING + " later Pings wait too"));
        }
        return payload;
    }

    /** Sends a Ping or Pong, between the fragments of a message if need be (§5.4). */
    void send(Opcode opcode, ByteBuffer payload) throws IOException {
        Output output = sender.output();
        Delivery delivery = sender.delivery();
        long until = delivery.writeUntil();
        long duty;
        output.lock.lock();
        try {
            output.requireSendableLocked();
            duty = delivery.countedLocked(output.batchLocked().append(output.outbound(), opcode, true, 0, payload));
        } finally {
            output.lock.unlock();
        }
        delivery.deliver(duty, until);
    }

    /**
     * Sends a Ping without waiting, for the tick. Does nothing when closing. Whatever comes after it will do: nobody
     * waits for this Pong, unless somebody observes how long it takes.
     */
    void pingLater() {
        byte[] payload =
                connection.observed() == null ? new byte[0] : pingPayload(new Promise<>("the round trip of a Ping"));
        Output output = sender.output();
        output.lock.lock();
        try {
            if (!output.sendableLocked()) {
                return;
            }
            appendLocked(Opcode.PING, payload);
        } finally {
            output.lock.unlock();
        }
        sender.push();
    }

    /**
     * Answers a Ping at the end of the turn. A bounded number of Pongs waits; beyond it only the newest (§5.5.3).
     * In a turn.
     */
    private void answer(byte[] payload) {
        Output output = sender.output();
        output.lock.lock();
        try {
            if (!output.sendableLocked()) {
                return; // §5.5.1: nothing follows a Close frame.
            }
            if (pendingPongs >= options.maxPendingPongs()) {
                newestPong = payload;
                return;
            }
            pendingPongs++;
            appendLocked(Opcode.PONG, payload);
        } finally {
            output.lock.unlock();
        }
        connection.driver().touch();
    }

    /** A turn ends: the Pong that had to wait leaves with what is there, unless too much is. In a turn. */
    void releasePongs() {
        if (pendingPongs == 0) { // Turns alone change it.
            return;
        }
        Output output = sender.output();
        output.lock.lock();
        try {
            if (output.isBlockedLocked()) {
                return;
            }
            byte[] pong = newestPong;
            newestPong = null;
            pendingPongs = 0;
            if (pong != null && output.sendableLocked()) {
                appendLocked(Opcode.PONG, pong);
            }
        } finally {
            output.lock.unlock();
        }
    }

    private void appendLocked(Opcode opcode, byte[] payload) {
        Output output = sender.output();
        boolean _ = output.batchLocked().append(output.outbound(), opcode, true, 0, ByteBuffer.wrap(payload));
        output.countLocked();
    }

    /**
     * Appends our Close frame, the last frame this connection sends.
     *
     * @return whether it is the first; otherwise nothing was done
     */
    boolean appendClose(CloseStatus status) {
        return appendClose(status, () -> {});
    }

    /**
     * The same.
     *
     * @param ifFirst runs before anything of the frame can leave
     */
    boolean appendClose(CloseStatus status, Runnable ifFirst) {
        assert !Thread.holdsLock(connection.lifecycle()) : "the life cycle's monitor comes after the send lock";
        byte[] body = ClosePayload.encode(status);
        Output output = sender.output();
        output.lock.lock();
        try {
            sender.takeAsideLocked(Long.MAX_VALUE);
            // One Close frame, whoever asks how often.
            if (output.failedLocked() || !connection.lifecycle().closing().sent(status)) {
                return false;
            }
            ifFirst.run();
            newestPong = null;
            appendLocked(Opcode.CLOSE, body);
            // Whoever waits to begin a message learns that there will be none.
            sender.delivery().signalLocked();
            return true;
        } finally {
            output.lock.unlock();
        }
    }

    // ---- The peer's

    /** A Ping has come. In a turn. */
    void ping(byte[] payload) throws IOException {
        if (answers(payload)) {
            answer(payload);
        }
        Listener told = listener;
        if (told != null) {
            HoldUp holdUp = begin("onPing", told);
            try {
                told.onPing(connection, ByteBuffer.wrap(payload.clone()));
            } finally {
                holdUp.end();
            }
        }
    }

    private boolean answers(byte[] payload) throws IOException {
        ControlListener told = controlListener;
        if (told == null) {
            return true;
        }
        HoldUp holdUp = begin("onPing", told);
        try {
            return told.onPing(connection, ByteBuffer.wrap(payload.clone()));
        } finally {
            holdUp.end();
        }
    }

    /** A Pong has come. In a turn. */
    void pong(byte[] payload) throws IOException {
        complete(payload);
        ControlListener first = controlListener;
        if (first != null) {
            HoldUp holdUp = begin("onPong", first);
            try {
                first.onPong(connection, ByteBuffer.wrap(payload.clone()));
            } finally {
                holdUp.end();
            }
        }
        Listener told = listener;
        if (told != null) {
            HoldUp holdUp = begin("onPong", told);
            try {
                told.onPong(connection, ByteBuffer.wrap(payload));
            } finally {
                holdUp.end();
            }
        }
    }

    /** The peer's Close frame has come. In a turn. */
    void close(CloseStatus status) throws IOException {
        ControlListener told = controlListener;
        if (told != null) {
            HoldUp holdUp = begin("onCloseFrame", told);
            try {
                told.onCloseFrame(connection, status);
            } finally {
                holdUp.end();
            }
        }
    }

    private HoldUp begin(String call, Object told) {
        assert !sender.output().holdsLock() && !Thread.holdsLock(this) : "user code runs under a lock";
        called = call + " of " + ApplicationFaults.nameOf(told);
        code = told;
        HoldUp holdUp = connection.driver().loop().holdUp();
        holdUp.begin(this);
        return holdUp;
    }

    /**
     * Completes the Ping that this Pong answers, and those before it, which the peer need not answer any more (§5.5.3).
     */
    private void complete(byte[] payload) {
        if (payload.length != Long.BYTES) {
            return;
        }
        long id = ByteBuffer.wrap(payload).getLong();
        long now = connection.engine().time().nanoTime();
        List<Waiting> answered = new ArrayList<>(1);
        synchronized (this) {
            if (waiting == null || waiting.stream().noneMatch(ping -> ping.id() == id)) {
                return; // §5.5.3: an unsolicited Pong means nothing.
            }
            while (waiting != null && !waiting.isEmpty() && waiting.getFirst().id() <= id) {
                answered.add(waiting.removeFirst());
            }
        }
        for (Waiting ping : answered) {
            ping.roundTrip().complete(Duration.ofNanos(now - ping.sentAt()));
        }
        Observed seen = connection.observed();
        if (seen != null) {
            seen.pinged(now - answered.getLast().sentAt());
        }
    }

    /** The connection is gone: no Pong will come. */
    void end() {
        ArrayDeque<Waiting> left;
        synchronized (this) {
            ended = true;
            left = waiting;
            waiting = null;
        }
        if (left != null) { // On most connections none waits, and the report of the end is a kilobyte.
            WebSocketException cause = connection.lifecycle().closedForWriting();
            left.forEach(ping -> ping.roundTrip().completeExceptionally(cause));
        }
    }
}
