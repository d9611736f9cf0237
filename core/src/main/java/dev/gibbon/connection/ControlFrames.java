// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.connection;

import dev.gibbon.CloseStatus;
import dev.gibbon.ControlListener;
import dev.gibbon.Listener;
import dev.gibbon.TimeSource;
import dev.gibbon.WebSocketException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/** What happens to the peer's Ping, Pong and Close frames (§5.5), and our own Pings that wait for their Pong. */
public final class ControlFrames {
    /** A Ping of ours that waits. */
    private record Waiting(long id, long sentAt, CompletableFuture<Duration> roundTrip) {}

    /** How many Pings may wait for their Pong; a peer that never answers must not make us hold more. */
    private static final int MAX_WAITING = 1024;

    private final Sender sender;
    private final TimeSource time;

    private volatile @Nullable ControlListener controlListener;
    private volatile @Nullable Listener listener;

    /** What was called last, for the log. Turns only. */
    private String called = "nobody";

    // Guarded by this object's monitor, which costs an idle connection nothing.
    private @Nullable ArrayDeque<Waiting> waiting;
    private long lastId;
    private @Nullable WebSocketException ended;

    ControlFrames(Sender sender, TimeSource time) {
        this.sender = sender;
        this.time = time;
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

    /** Makes the payload of a Ping whose Pong completes {@code roundTrip}. */
    byte[] pingPayload(CompletableFuture<Duration> roundTrip) {
        byte[] payload;
        WebSocketException cause;
        Waiting unanswered = null;
        synchronized (this) {
            long id = ++lastId;
            payload = ByteBuffer.allocate(Long.BYTES).putLong(id).array();
            cause = ended;
            if (cause == null) {
                if (waiting == null) {
                    waiting = new ArrayDeque<>(2);
                }
                waiting.add(new Waiting(id, time.nanoTime(), roundTrip));
                if (waiting.size() > MAX_WAITING) {
                    unanswered = waiting.removeFirst();
                }
            }
        }
        if (cause != null) {
            roundTrip.completeExceptionally(cause);
        }
        if (unanswered != null) {
            unanswered.roundTrip().completeExceptionally(new TimeoutException(MAX_WAITING + " later Pings wait too"));
        }
        return payload;
    }

    /** A Ping has come. In a turn. */
    void ping(WebSocketConnection connection, byte[] payload) throws IOException {
        if (answers(connection, payload)) {
            sender.pong(payload);
        }
        Listener told = listener;
        if (told != null) {
            HoldUp holdUp = begin(connection, "onPing", told);
            try {
                told.onPing(connection, ByteBuffer.wrap(payload.clone()));
            } finally {
                holdUp.end();
            }
        }
    }

    private boolean answers(WebSocketConnection connection, byte[] payload) throws IOException {
        ControlListener told = controlListener;
        if (told == null) {
            return true;
        }
        HoldUp holdUp = begin(connection, "onPing", told);
        try {
            return told.onPing(connection, ByteBuffer.wrap(payload.clone()));
        } finally {
            holdUp.end();
        }
    }

    /** A Pong has come. In a turn. */
    void pong(WebSocketConnection connection, byte[] payload) throws IOException {
        complete(payload);
        ControlListener first = controlListener;
        if (first != null) {
            HoldUp holdUp = begin(connection, "onPong", first);
            try {
                first.onPong(connection, ByteBuffer.wrap(payload.clone()));
            } finally {
                holdUp.end();
            }
        }
        Listener told = listener;
        if (told != null) {
            HoldUp holdUp = begin(connection, "onPong", told);
            try {
                told.onPong(connection, ByteBuffer.wrap(payload));
            } finally {
                holdUp.end();
            }
        }
    }

    /** The peer's Close frame has come. In a turn. */
    void close(WebSocketConnection connection, CloseStatus status) throws IOException {
        ControlListener told = controlListener;
        if (told != null) {
            HoldUp holdUp = begin(connection, "onCloseFrame", told);
            try {
                told.onCloseFrame(connection, status);
            } finally {
                holdUp.end();
            }
        }
    }

    private HoldUp begin(WebSocketConnection connection, String call, Object code) {
        assert !sender.output().holdsLock() && !Thread.holdsLock(this) : "user code runs under a lock";
        called = call + " of " + WebSocketConnection.nameOf(code);
        HoldUp holdUp = connection.driver().loop().holdUp();
        holdUp.begin(code);
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
        long now = time.nanoTime();
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
    }

    /** The connection is gone: no Pong will come. */
    void end(WebSocketException cause) {
        ArrayDeque<Waiting> left;
        synchronized (this) {
            ended = cause;
            left = waiting;
            waiting = null;
        }
        if (left != null) {
            left.forEach(ping -> ping.roundTrip().completeExceptionally(cause));
        }
    }
}
