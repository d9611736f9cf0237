// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import java.io.Closeable;
import java.io.IOException;
import java.io.OutputStream;
import java.io.Writer;
import java.nio.ByteBuffer;

/**
 * One outgoing message, written piece by piece in constant memory: small pieces are gathered, full ones leave as
 * fragments (RFC 6455 §5.4). Whether it is compressed is settled when it begins; then {@link #flush()} lets the peer
 * have all that was written, at the price of a few bytes each time, and a compressor is taken until the end. Until it
 * is closed other messages wait; Pings, Pongs and a Close pass in between. For one thread at a time.
 */
public sealed interface MessageWriter extends Closeable permits OutgoingMessage {
    /**
     * Adds bytes to the message. Blocks while fragments leave, at most until the write timeout.
     *
     * @param src the bytes, all consumed; borrowed until this returns
     * @throws WebSocketException if the connection is closing or lost
     * @throws IllegalStateException if the message was ended
     */
    void write(ByteBuffer src) throws IOException;

    /**
     * Adds text to a text message.
     *
     * @param text whole characters: a surrogate pair must not be split between calls
     * @throws IllegalArgumentException if {@code text} has a lone surrogate
     * @throws IllegalStateException if the message is binary or was ended
     * @throws WebSocketException if the connection is closing or lost
     */
    void write(String text) throws IOException;

    /**
     * Sends what was gathered as a fragment now, without ending the message.
     *
     * @throws WebSocketException if the connection is closing or lost
     */
    void flush() throws IOException;

    /**
     * Ends the message: what was gathered leaves in its final frame. Does nothing the second time.
     *
     * @throws WebSocketException if the connection is closing or lost, so that the message was not sent whole
     */
    @Override
    void close() throws IOException;

    /** {@return this message as a stream of bytes; closing it ends the message} */
    OutputStream outputStream();

    /**
     * {@return this text message as a stream of characters; closing it ends the message}
     *
     * @throws IllegalStateException if this message is binary
     */
    Writer writer();
}
