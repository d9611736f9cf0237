// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.spi;

import java.io.Closeable;
import java.io.IOException;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Optional;
import javax.net.ssl.SSLSession;

/**
 * A duplex byte stream that can only block and carries a connection: TCP, TLS, a Unix-domain socket, a pair in
 * memory, the streams of another server. A virtual thread reads it and another writes it while there is something
 * to write; a stream that need not block is better an {@link AsyncStream}.
 *
 * <p>One thread reads at a time and one writes at a time, side by side; {@link #close()} may come from any thread
 * at any time.
 */
public interface Transport extends Closeable {
    /**
     * Reads what is there, at least one byte. Blocks until there is one, the stream ends or the transport is closed; a
     * non-blocking transport answers 0 instead.
     *
     * @param dst where the bytes go; has room for at least one
     * @return how many bytes came, or -1 at the end of the stream
     * @throws IOException if the stream broke or was closed, by {@link #close()} or by interrupting the thread
     */
    int read(ByteBuffer dst) throws IOException;

    /**
     * Reads like {@link #read(ByteBuffer)} but waits no longer than {@code timeout}. When that has passed nothing is
     * consumed and the transport stays usable.
     *
     * @param dst where the bytes go; has room for at least one
     * @param timeout how long to wait; positive
     * @return how many bytes came, 0 if none did in time, or -1 at the end of the stream
     * @throws IOException if the stream broke or was closed, by {@link #close()} or by interrupting the thread
     */
    int read(ByteBuffer dst, Duration timeout) throws IOException;

    /**
     * Writes bytes of {@code srcs}, in order, with as few system calls as it can, and moves the positions past what was
     * taken. Blocks until at least one byte was taken; a non-blocking transport may take none.
     *
     * @param srcs the buffers, {@code length} of them from {@code offset} on
     * @param offset the index of the first buffer
     * @param length how many buffers
     * @return how many bytes were taken
     * @throws IOException if the stream broke or was closed
     */
    long write(ByteBuffer[] srcs, int offset, int length) throws IOException;

    /**
     * Tells the peer that no more bytes will come. Reading goes on. Does nothing the second time.
     *
     * @throws IOException if the stream broke
     */
    void shutdownOutput() throws IOException;

    /**
     * {@return whether reading goes on after {@link #shutdownOutput}; true unless overridden} If not, nobody waits
     * for the peer's end of the stream: a connection closes both directions as soon as both Close frames have
     * passed (RFC 6455 §7.1.1).
     */
    default boolean halfCloses() {
        return true;
    }

    /**
     * Ends both directions at once. A read or write that blocks in another thread ends with an exception. Never waits.
     */
    @Override
    void close() throws IOException;

    /**
     * Ends both directions at once, and throws away what the peer has not taken where the transport can: a system keeps
     * a send buffer for a peer that does not read, long after a {@link #close()}. Never waits. Closes, unless
     * overridden.
     *
     * @throws IOException if the stream could not be ended
     */
    default void abort() throws IOException {
        close();
    }

    /** {@return the local address, if this transport has one} */
    default Optional<SocketAddress> localAddress() {
        return Optional.empty();
    }

    /** {@return the peer's address, if this transport has one} */
    default Optional<SocketAddress> peerAddress() {
        return Optional.empty();
    }

    /** {@return the TLS session, if this transport is encrypted} */
    default Optional<SSLSession> tlsSession() {
        return Optional.empty();
    }
}
