// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * Is told of the peer's control frames (RFC 6455 §5.5), by {@link Connection#setControlListener}. Nobody needs one to
 * have Pings answered or a Close seen: that is done in any case, and {@link Connection#ping()} and {@link
 * Connection#closed()} tell of the outcome.
 *
 * <p>It is called in the order in which the frames came, among themselves: a thread that reads may not have taken the
 * messages that came before them. The calls for one connection never come side by side. They are made by an event loop
 * that serves other connections too, so whatever takes long belongs on a thread of the application's: it may write and
 * {@link Connection#close(CloseCode, String) close} here, which do not wait then, and must not read. What a call throws
 * is logged, fails the connection with 1011, and is the cause of what reads report.
 *
 * <p>A connection that has a {@link Listener} may have one of these, too. Then each frame comes here first and to
 * {@link Listener#onPing} or {@link Listener#onPong} afterwards; {@link #onCloseFrame} comes when the peer's Close
 * frame does, {@link Listener#onClose} once the connection has ended.
 */
public interface ControlListener {
    /**
     * A Ping has come (§5.5.2).
     *
     * @param connection the connection
     * @param payload up to 125 bytes, the listener's to keep
     * @return whether it is to be answered with a Pong when this has returned; true unless overridden
     * @throws IOException to fail the connection with 1011
     */
    default boolean onPing(Connection connection, ByteBuffer payload) throws IOException {
        return true;
    }

    /**
     * A Pong has come (§5.5.3), whether or not it answers a Ping.
     *
     * @param connection the connection
     * @param payload up to 125 bytes, the listener's to keep
     * @throws IOException to fail the connection with 1011
     */
    default void onPong(Connection connection, ByteBuffer payload) throws IOException {}

    /**
     * The peer's Close frame has come (§5.5.1). It is answered when this has returned, in any case; nothing else can be
     * sent any more, unless this side has yet to answer and closes here with a code of its own.
     *
     * @param connection the connection
     * @param status what the peer said
     * @throws IOException to answer with 1011
     */
    default void onCloseFrame(Connection connection, CloseStatus status) throws IOException {}
}
