// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import dev.gibbon.connection.IncomingMessage;
import java.io.IOException;
import java.io.InputStream;
import java.io.Reader;
import java.nio.ByteBuffer;
import java.time.Duration;

/**
 * One incoming message, read piece by piece in constant memory. It is good until the next
 * {@link Connection#nextReader()} or {@link Connection#readMessage()}, which skips what is left of it; from then on
 * every read throws {@link IllegalStateException}. For the connection's reading thread only.
 */
public sealed interface MessageReader permits IncomingMessage {
    /** {@return whether this is text or binary} */
    MessageType type();

    /**
     * Bounds each read of this message from now on, those of its streams included. One that waits longer throws {@link
     * ReadTimeoutException}, and the next goes on where it stopped; but what a method of the JDK gathers, such as
     * {@link InputStream#readAllBytes}, is lost with that call.
     *
     * @param atMost how long; zero or less: reads only take what has been received. For ever unless set, and from a
     *     century on.
     * @return this
     */
    MessageReader timeout(Duration atMost);

    /**
     * Reads some bytes of this message, never of another. Blocks until at least one is there, at most for the
     * {@linkplain #timeout time} that is set. Text has been validated as far as it is handed out.
     *
     * @param dst where they go
     * @return how many came, 0 only if {@code dst} has no room, or -1 at the end of the message
     * @throws ReadTimeoutException if nothing came in that time; nothing is lost, read again
     * @throws InterruptedCallException if the thread was interrupted while it waited; nothing is lost, read again
     * @throws WebSocketException if the connection ended or failed before the message did
     * @throws IllegalStateException if a newer message was begun, or another thread reads
     */
    int read(ByteBuffer dst) throws IOException;

    /** {@return this message as a stream of bytes; each read behaves like {@link #read(ByteBuffer)}} */
    InputStream inputStream();

    /**
     * {@return this text message as a stream of characters}
     *
     * @throws IllegalStateException if this message is binary
     */
    Reader reader();
}
