// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import dev.gibbon.internal.Stream;
import java.io.IOException;
import java.time.Duration;

/**
 * How the transport of a connection ends once the protocol is done (§7.1.1): what is queued leaves, our direction
 * is ended, what the peer still sends is thrown away, and then the stream is closed. The same for every stream and
 * both faces. In a turn of the connection only.
 */
final class Ending {
    /** How long the peer may keep the transport open once both Close frames have passed, or once it broke the rules. */
    static final Duration LINGER = Duration.ofSeconds(2);

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

    private final WebSocketConnection connection;
    private final Stream stream;
    private Phase phase = Phase.OPEN;

    Ending(WebSocketConnection connection, Stream stream) {
        this.connection = connection;
        this.stream = stream;
    }

    Phase phase() {
        return phase;
    }

    /** The protocol is done. */
    void begin() {
        if (phase == Phase.OPEN) {
            phase = Phase.FLUSH;
            connection.input().drain(LINGER_BYTES);
            connection.sender().push();
            step();
        }
    }

    /** Goes on as far as it can now. */
    void step() {
        if (phase == Phase.FLUSH && connection.sender().allWritten()) {
            phase = Phase.SHUT;
        }
        if (phase == Phase.SHUT) {
            phase = Phase.LINGER;
            shut();
        }
    }

    private void shut() {
        Lifecycle lifecycle = connection.lifecycle();
        // Both Close frames have passed, or the peer broke a rule and is told by now.
        if (!stream.halfCloses()) {
            lifecycle.terminate();
            return;
        }
        // The server closes first, so that TIME_WAIT is not the client's. Nobody waits for a peer
        // that broke a rule.
        if (connection.role() == Role.SERVER || lifecycle.failure() != null) {
            try {
                stream.shutdownOutput();
                lifecycle.terminateIn(LINGER);
            } catch (IOException _) {
                lifecycle.terminate(); // The peer was quicker: what could be sent was sent.
            }
        }
        if (stream.buffersInput()) {
            connection.driver().again();
        }
    }

    /** The peer has ended its direction. */
    void inputEnded(IOException why) {
        if (phase == Phase.OPEN) {
            connection.lifecycle().lost(why);
        } else {
            connection.lifecycle().terminate();
        }
    }

    /** The transport is gone. */
    void gone() {
        phase = Phase.GONE;
    }
}
