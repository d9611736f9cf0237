// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.spi;

import java.io.Closeable;
import java.io.IOException;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectableChannel;
import java.util.Optional;
import javax.net.ssl.SSLSession;

/**
 * A duplex byte stream that never blocks and tells by a call when it is ready: what a host gives for a connection,
 * such as a servlet's upgraded streams or a stream of HTTP/2.
 *
 * <p>{@link #read}, {@link #write}, {@link #flushed} and {@link #shutdownOutput} are called by one thread at a time
 * each, reading and writing side by side; {@link #close()} may come from any thread at any time.
 */
public interface AsyncStream extends Closeable {
    /**
     * Reads what is there, without waiting.
     *
     * @param dst where the bytes go; has room for at least one
     * @return how many bytes came; 0 if none are there, or -1 at the end of the stream
     * @throws IOException if the stream broke or was closed
     */
    int read(ByteBuffer dst) throws IOException;

    /**
     * {@return whether bytes that have come may be here already, such as those that TLS has decrypted} Then reading
     * goes on until a read brings nothing. Where each read asks the system, and {@link #whenReadable} tells of the
     * rest at no price, as over a plain socket, false spares that read.
     */
    default boolean buffersInput() {
        return true;
    }

    /**
     * Takes bytes of {@code srcs}, in order, as far as there is room, and moves the positions past what was taken.
     *
     * @param srcs the buffers, {@code length} of them from {@code offset} on
     * @param offset the index of the first buffer
     * @param length how many buffers
     * @return how many bytes were taken; 0 if there is no room
     * @throws IOException if the stream broke or was closed
     */
    long write(ByteBuffer[] srcs, int offset, int length) throws IOException;

    /**
     * Hands on what {@link #write} took and the system below has not.
     *
     * @return whether none of it is left here
     * @throws IOException if the stream broke or was closed
     */
    boolean flushed() throws IOException;

    /**
     * {@return how many bytes {@link #write} took that the peer's system has not yet, as far as that is known} Any
     * thread.
     */
    default long unsent() {
        return 0;
    }

    /**
     * Runs {@code task} once, when a read would bring bytes, the end or a failure; never inside this call where the
     * stream has a {@link #loop}, on which tasks read at once. At most one is waiting.
     *
     * @param task what to run; it does not block
     */
    void whenReadable(Runnable task);

    /**
     * Runs {@code task} once, when a write would take bytes, {@link #flushed} would make progress, or either would
     * fail; never inside this call where the stream has a {@link #loop}. At most one is waiting.
     *
     * @param task what to run; it does not block
     */
    void whenWritable(Runnable task);

    /**
     * Tells the peer that no more bytes will come; everything is flushed by then. Reading goes on where the stream
     * {@linkplain #halfCloses() can be closed by halves}. Does nothing the second time.
     *
     * @throws IOException if the stream broke
     */
    void shutdownOutput() throws IOException;

    /**
     * {@return whether reading goes on after {@link #shutdownOutput}} If not, the connection closes both directions
     * at once.
     */
    default boolean halfCloses() {
        return true;
    }

    /** Ends both directions at once; a task that waits is run or forgotten. Never waits. */
    @Override
    void close() throws IOException;

    /**
     * Ends both directions at once, and throws away what the peer has not taken where the stream can. Never waits.
     * Closes, unless overridden.
     *
     * @throws IOException if the stream could not be ended
     */
    default void abort() throws IOException {
        close();
    }

    /**
     * {@return a channel by which a selector tells when this stream is ready, where it has one} Then {@link
     * #whenReadable} and {@link #whenWritable} are never called: a loop of the {@link dev.gibbon.WebSocketHost}
     * watches the channel, which does not block and is registered with no other selector for as long, or with no
     * interest there. The bytes still go by {@link #read} and {@link #write}, as they do where the host decrypts.
     * Asked once, before anything else.
     */
    default Optional<SelectableChannel> channel() {
        return Optional.empty();
    }

    /**
     * {@return the loop on whose thread {@link #whenReadable} and {@link #whenWritable} run their tasks, where
     * there is one} The connection then runs on that thread and costs no hop to another. Without one, a loop of the
     * {@link dev.gibbon.WebSocketHost} serves the connection, and tasks may be run on any thread. Asked once,
     * before anything else.
     */
    default Optional<HostLoop> loop() {
        return Optional.empty();
    }

    /** {@return our address, if there is one} */
    default Optional<SocketAddress> localAddress() {
        return Optional.empty();
    }

    /** {@return the peer's address, if there is one} */
    default Optional<SocketAddress> peerAddress() {
        return Optional.empty();
    }

    /** {@return the TLS session, if the stream is encrypted} */
    default Optional<SSLSession> tlsSession() {
        return Optional.empty();
    }
}
