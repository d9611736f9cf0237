// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.protocol;

import dev.gibbon.CloseStatus;
import dev.gibbon.ConnectionState;
import org.jspecify.annotations.Nullable;

/**
 * The closing handshake (§7.1) and with it the state of the connection: which Close frames passed, which came first,
 * and whether the transport is gone. Any thread; every change is one atomic step.
 *
 * <table>
 * <caption>The whole machine</caption>
 * <tr><th>state</th><th>input</th><th>next</th><th>what follows</th><th>section</th></tr>
 * <tr><td>OPEN</td><td>{@link #sent}</td><td>CLOSING</td><td>our
 * Close frame leaves; no data after it</td><td>§7.1.2</td></tr>
 * <tr><td>OPEN</td><td>{@link #received}</td><td>CLOSING</td><td>a Close frame answers</td><td>§5.5.1</td></tr>
 * <tr><td>OPEN</td><td>{@link #lost}</td><td>CLOSED</td><td>1006 is reported</td><td>§7.1.5</td></tr>
 * <tr><td>CLOSING, sent</td><td>{@link #received}</td><td>CLOSING</td><td>the transport is closed, server
 * first</td><td>§7.1.1</td></tr>
 * <tr><td>CLOSING, received</td><td>{@link #sent}</td><td>CLOSING</td><td>the transport is closed, server
 * first</td><td>§7.1.1</td></tr>
 * <tr><td>CLOSING</td><td>{@link #lost}</td><td>CLOSED</td><td>nothing more passes</td><td>§7.1.4</td></tr>
 * <tr><td>CLOSING</td><td>the same input again</td><td>CLOSING</td><td>nothing: only the first
 * counts</td><td>§5.5.1</td></tr>
 * <tr><td>CLOSED</td><td>any</td><td>CLOSED</td><td>nothing</td><td>§7.1.4</td></tr>
 * </table>
 */
public final class ClosingHandshake {
    /**
     * What is known at one moment.
     *
     * @param state where the connection stands
     * @param sent what our Close frame said, if one was sent
     * @param received what the peer's first Close frame said, if one came
     * @param receivedFirst whether that came before ours was sent
     */
    public record Progress(
            ConnectionState state,
            @Nullable CloseStatus sent,
            @Nullable CloseStatus received,
            boolean receivedFirst) {
        /** {@return whether Close frames passed both ways (§7.1.4: such a close is clean)} */
        public boolean complete() {
            return sent != null && received != null;
        }

        /** {@return how a connection has ended of which no more comes (§7.1.5, §7.1.6)} */
        public CloseStatus ending() {
            return received == null ? CloseStatus.LOST : received;
        }
    }

    private static final Progress OPEN = new Progress(ConnectionState.OPEN, null, null, false);

    /** Changed under this object's monitor, since an idle connection pays for every object; read by any thread. */
    private volatile Progress progress = OPEN;

    /** Starts open. */
    public ClosingHandshake() {}

    /** {@return what is known now} */
    public Progress progress() {
        return progress;
    }

    /** {@return the state now} */
    public ConnectionState state() {
        return progress.state();
    }

    /** {@return whether a data frame may still be sent: none once a Close frame has passed (§5.5.1)} */
    public boolean maySendData() {
        return state() == ConnectionState.OPEN;
    }

    /**
     * Notes that our Close frame is about to leave.
     *
     * @return whether this is the first; a second Close frame must not be sent
     */
    public synchronized boolean sent(CloseStatus status) {
        Progress now = progress;
        if (now.state() == ConnectionState.CLOSED || now.sent() != null) {
            return false;
        }
        progress = new Progress(ConnectionState.CLOSING, status, now.received(), now.receivedFirst());
        return true;
    }

    /**
     * Notes the peer's Close frame.
     *
     * @return whether this is the first
     */
    public synchronized boolean received(CloseStatus status) {
        Progress now = progress;
        if (now.state() == ConnectionState.CLOSED || now.received() != null) {
            return false;
        }
        progress = new Progress(ConnectionState.CLOSING, now.sent(), status, now.sent() == null);
        return true;
    }

    /**
     * Notes that the transport is gone.
     *
     * @return whether this is the first
     */
    public synchronized boolean lost() {
        Progress now = progress;
        if (now.state() == ConnectionState.CLOSED) {
            return false;
        }
        progress = new Progress(ConnectionState.CLOSED, now.sent(), now.received(), now.receivedFirst());
        return true;
    }
}
