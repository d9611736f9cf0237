// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import dev.gibbon.connection.OutgoingMessage;
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
 *
 * <p><b>{@link #close()} completes the message, also when an exception leads to it.</b> A {@code try} with resources
 * closes its writer in either case and no writer can tell which it was: a block that throws half-way would send what
 * it had written by then as a whole message. Where anything in the block may throw, let {@link
 * Connection#writeMessage(MessageType, Content)} run it, which gives the message up then, or call {@link #abandon()}
 * before the exception leaves the block.
 *
 * <p>A call whose thread is interrupted while it waits throws {@link InterruptedCallException}: all that it was given
 * is sent nevertheless, and the message goes on with the next call.
 *
 * <pre>{@code
 * ws.writeMessage(MessageType.TEXT, message -> json.write(report, message.writer()));
 * }</pre>
 */
public sealed interface MessageWriter extends Closeable permits OutgoingMessage {
    /** What a message says, written piece by piece. */
    @FunctionalInterface
    interface Content {
        /**
         * Writes the message; it is complete when this returns.
         *
         * @param message where to
         * @throws IOException to give the message up
         */
        void writeTo(MessageWriter message) throws IOException;
    }

    /**
     * Adds bytes to the message. Blocks while fragments leave, at most until the write timeout.
     *
     * @param src the bytes, all consumed; borrowed until this returns. Those of a text are UTF-8, and a piece may end
     *     inside a character that the next one completes.
     * @throws InterruptedCallException if the thread was interrupted while it waited; the bytes are sent all the same
     * @throws WebSocketException if the connection is closing or lost
     * @throws IllegalStateException if the message was ended
     * @throws IllegalArgumentException if this is text and the bytes are not UTF-8 (§8.1), or the text before ends in
     *     half a surrogate pair; the message cannot be completed
     */
    void write(ByteBuffer src) throws IOException;

    /**
     * Adds text to a text message. A high surrogate at its end waits for the low one that the next call begins with.
     *
     * @param text any part of the text
     * @throws IllegalArgumentException if a surrogate has no partner, or the bytes before end inside a character; the
     *     message cannot be completed any more
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
     * Completes the message: what was gathered leaves in its final frame. Does nothing the second time, nor after
     * {@link #abandon()}. A message of which a piece was refused is given up instead, as by that.
     *
     * @throws WebSocketException if the connection is closing or lost, so that the message was not sent whole
     * @throws IllegalArgumentException if a piece was refused, or the text ends inside a character
     */
    @Override
    void close() throws IOException;

    /**
     * Gives the message up. As long as nothing of it has left, which happens at the latest with {@link #flush()},
     * nothing has happened and the next message may follow. Otherwise the connection fails with 1011 in the middle of
     * the message, since there is no other way to take back what the peer has (§5.4): it never sees a message that
     * was cut. Never blocks; does nothing once the message has ended.
     */
    void abandon();

    /** {@return this message as a stream of bytes; closing it completes the message, as {@link #close()} does} */
    OutputStream outputStream();

    /**
     * {@return this text message as a stream of characters; closing it completes the message, as {@link #close()} does}
     *
     * @throws IllegalStateException if this message is binary
     */
    Writer writer();
}
