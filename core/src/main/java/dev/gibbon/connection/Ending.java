// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.connection;

import dev.gibbon.transport.Stream;
import java.io.IOException;
import java.time.Duration;

/**
 * How a transport ends once its protocol is done (RFC 6455 §7.1.1): what is queued leaves, our direction is ended,
 * what the peer still sends is thrown away, and then the stream is closed. The same for every stream, for both
 * faces, and for an HTTP request that was refused or was the last. In a turn only.
 */
public final class Ending {
    /** How long the peer may keep the transport open once both Close frames have passed, or once it broke the rules. */
    static final Duration LINGER = Duration.ofSeconds(2);

    /**
     * The same where we cannot tell the peer that nothing more comes, and it has not said so either: long enough
     * that what we sent last is not lost to a reset, since bytes of the peer were on their way.
     */
    static final Duration LINGER_UNTOLD = Duration.ofMillis(250);

    /** How many bytes are read and thrown away meanwhile, so that our Close frame is not lost to a reset. */
    static final long LINGER_BYTES = 1L << 20;

    /** What is left to do. */
    enum Phase {
        /** Frames are received and sent. */
        OPEN,
        /** The protocol is done: what is queued leaves. */
        FLUSH,
        /** All has left: our direction is ended. */
        SHUT,
        /** Whatever comes is thrown away until the peer ends its direction. */
        LINGER,
        /** The transport is gone. */
        GONE
    }

    /** Whose transport ends. In a turn only. */
    public interface Side {
        /** Has what is queued leave, as far as it can now. */
        void push();

        /** {@return whether all of it has left} */
        boolean allWritten();

        /** From now on so many bytes may come, which are thrown away. */
        void drain(long most);

        /** {@return whether our direction ends before the peer's does} */
        boolean endsFirst();

        /** {@return whether the peer has said its last} */
        boolean peerIsDone();

        /** Has the stream read before anybody waits. */
        void readAgain();

        /** Takes everything down, since the transport ended before its protocol was done. */
        void lost(IOException why);

        /** Takes everything down. */
        void terminate();

        /** Takes everything down unless that has happened by then. */
        void terminateIn(Duration fromNow);
    }

    private final Side side;
    private final Stream stream;
    private Phase phase = Phase.OPEN;

    /** Whether the peer's direction has ended while something of ours was still to leave. */
    private boolean peerEnded;

    public Ending(Side side, Stream stream) {
        this.side = side;
        this.stream = stream;
    }

    Phase phase() {
        return phase;
    }

    /** The protocol is done. */
    public void begin() {
        if (phase == Phase.OPEN) {
            phase = Phase.FLUSH;
            side.drain(LINGER_BYTES);
            side.push();
            step();
        }
    }

    /** Goes on as far as it can now. */
    public void step() {
        if (phase == Phase.FLUSH && side.allWritten()) {
            phase = Phase.SHUT;
        }
        if (phase == Phase.SHUT) {
            phase = Phase.LINGER;
            if (peerEnded) {
                side.terminate();
            } else {
                shut();
            }
        }
    }

    private void shut() {
        if (!stream.halfCloses()) {
            if (side.peerIsDone()) {
                side.terminate();
                return;
            }
            side.terminateIn(LINGER_UNTOLD);
        } else if (side.endsFirst()) {
            try {
                stream.shutdownOutput();
                side.terminateIn(LINGER);
            } catch (IOException _) {
                side.terminate(); // The peer was quicker: what could be sent was sent.
            }
        }
        if (stream.buffersInput()) {
            side.readAgain();
        }
    }

    /**
     * The peer has ended its direction, and nothing is read any more. What is queued still leaves: a peer that ends
     * it with its Close frame, as browsers do over HTTP/2, waits for ours.
     */
    public void inputEnded(IOException why) {
        switch (phase) {
            case OPEN -> side.lost(why);
            case FLUSH -> {
                peerEnded = true;
                side.push();
                step();
            }
            case SHUT, LINGER, GONE -> side.terminate();
        }
    }

    /** The transport is gone. */
    public void gone() {
        phase = Phase.GONE;
    }
}
