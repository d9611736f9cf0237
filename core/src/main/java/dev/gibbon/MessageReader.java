// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import java.io.IOException;
import java.io.InputStream;
import java.io.Reader;
import java.nio.ByteBuffer;

/**
 * One incoming message, read piece by piece in constant memory. It is good until the next
 * {@link Connection#nextReader()} or {@link Connection#readMessage()}, which skips what is left of it; from then on
 * every read throws {@link IllegalStateException}. For the connection's reading thread only.
 */
public sealed interface MessageReader permits IncomingMessage {
    /** {@return whether this is text or binary} */
    MessageType type();

    /**
     * Reads some bytes of this message, never of another. Blocks until at least one is
     * there, at most until the connection's read deadline; control frames that come in
     * between are handled meanwhile. Text has been validated as far as it is handed out.
     *
     * @param dst where they go
     * @return how many came, 0 only if {@code dst} has no room, or -1 at the end of the message
     * @throws ReadTimeoutException if the read deadline passed; nothing is lost, read again
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
