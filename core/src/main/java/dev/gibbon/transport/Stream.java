// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.transport;

import java.io.Closeable;
import java.io.IOException;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.util.Optional;
import javax.net.ssl.SSLSession;

/**
 * A duplex byte stream that never blocks: what a connection reads and writes once it is open. One thread reads at a
 * time and one writes at a time, side by side; {@link #close()} may come from any thread at any time.
 */
public interface Stream extends Closeable {
    /**
     * Reads what is there.
     *
     * @return how many bytes came; 0 if none are there, or -1 at the end
     */
    int read(ByteBuffer dst) throws IOException;

    /** Takes bytes of {@code srcs} as far as there is room; {@return how many} */
    long write(ByteBuffer[] srcs, int offset, int length) throws IOException;

    /** Hands on bytes that a write took and the system has not; {@return whether none are left} */
    boolean flush() throws IOException;

    /** {@return how many bytes a write took that are still here} Any thread. */
    default long unsent() {
        return 0;
    }

    /** {@return whether a read may leave bytes behind that nobody tells of: then read until 0} */
    boolean buffersInput();

    /** Tells the peer that no more bytes will come. Does nothing the second time. */
    void shutdownOutput() throws IOException;

    /** {@return whether reading goes on after {@link #shutdownOutput}} */
    boolean halfCloses();

    /** Ends both directions at once. Never waits. */
    @Override
    void close() throws IOException;

    /** Ends both directions at once, and throws away what the peer has not taken. Never waits. */
    void abort() throws IOException;

    /** {@return our address, if there is one} */
    Optional<SocketAddress> localAddress();

    /** {@return the peer's address, if there is one} */
    Optional<SocketAddress> peerAddress();

    /**
     * The peer is a proxy that is trusted, and says whom it speaks for: that is the peer's address from now on. Before
     * a connection has this stream.
     */
    default void speaksFor(SocketAddress client) {}

    /** {@return the TLS session, if the stream is encrypted} */
    Optional<SSLSession> tlsSession();
}
