// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * What happens on a connection that was given to {@link Connection#listen}. All calls for one connection come in order
 * and never side by side, on the thread of an event loop that serves many others too: whoever blocks here holds all of
 * them up, and is named in a log line. Whatever takes long belongs on a thread of the application's.
 *
 * <p>A listener may serve any number of connections at once; those of different loops call it side by side.
 *
 * <p>Writing to the connection inside a call queues the frames; all of one turn leave together when the calls of that
 * turn have returned. A call that throws is logged, with connection, route,
 * peer and stack, and fails the connection with 1011; nobody else notices.
 */
public interface Listener {
    /**
     * The connection is this listener's now. The first call of all.
     *
     * @param connection the connection
     * @throws IOException to fail the connection
     */
    default void onOpen(Connection connection) throws IOException {}

    /**
     * A message has come, whole: text that is valid UTF-8, or binary. Both kinds come here unless {@link #onText} or
     * {@link #onBinary} is overridden.
     *
     * @param connection the connection
     * @param message what it says; borrowed until this returns
     * @throws IOException to fail the connection
     */
    default void onMessage(Connection connection, MessageView message) throws IOException {}

    /**
     * A text message has come, whole and valid UTF-8 (RFC 6455 §5.6). Goes to {@link #onMessage} unless overridden.
     *
     * @param connection the connection
     * @param message what it says; borrowed until this returns
     * @throws IOException to fail the connection
     */
    default void onText(Connection connection, MessageView message) throws IOException {
        onMessage(connection, message);
    }

    /**
     * A binary message has come, whole. Goes to {@link #onMessage} unless overridden.
     *
     * @param connection the connection
     * @param message its bytes; borrowed until this returns
     * @throws IOException to fail the connection
     */
    default void onBinary(Connection connection, MessageView message) throws IOException {
        onMessage(connection, message);
    }

    /**
     * A piece of a message that is longer than {@link #wholeMessageBytes()} has come. A piece ends where the bytes at
     * hand do, not where the peer's fragments end, and may cut a letter of a text in two.
     *
     * @param connection the connection
     * @param part the piece; borrowed until this returns; {@link MessageView#isFirst()} and
     *     {@link MessageView#isLast()} tell its place
     * @throws IOException to fail the connection
     */
    default void onPart(Connection connection, MessageView part) throws IOException {}

    /**
     * A Ping has come. It is answered already, unless a {@link ControlListener} has seen to it that it is not.
     *
     * @param connection the connection
     * @param payload what it carried, the listener's to keep
     * @throws IOException to fail the connection
     */
    default void onPing(Connection connection, ByteBuffer payload) throws IOException {}

    /**
     * A Pong has come.
     *
     * @param connection the connection
     * @param payload what it carried, the listener's to keep
     * @throws IOException to fail the connection
     */
    default void onPong(Connection connection, ByteBuffer payload) throws IOException {}

    /**
     * Everything that was queued has left, after there had been so much that reading paused, a write was refused or a
     * {@linkplain Connection#missedBroadcasts() broadcast was missed}; see {@link
     * ConnectionOptions.Builder#maxQueuedBytes}.
     *
     * @param connection the connection
     * @throws IOException to fail the connection
     */
    default void onWritable(Connection connection) throws IOException {}

    /**
     * The connection has ended cleanly: the peer closed with 1000,
     * 1001 or no code, or we closed and it agreed. The last call.
     *
     * @param connection the connection
     * @param status what the peer's Close frame said
     */
    default void onClose(Connection connection, CloseStatus status) {}

    /**
     * The connection has ended in any other way. The last call; {@link #onClose} does not come.
     *
     * @param connection the connection
     * @param failure what a read would have thrown
     */
    default void onFailure(Connection connection, WebSocketException failure) {}

    /**
     * {@return up to which length a message is put together and handed out whole; a longer one comes by
     * {@link #onPart}} Asked once, when the listener gets a connection. Never, unless overridden: then
     * {@link ConnectionOptions#maxMessageBytes()} is the bound.
     */
    default long wholeMessageBytes() {
        return Long.MAX_VALUE;
    }
}
