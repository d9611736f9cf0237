// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.transport;

import dev.gibbon.spi.Transport;
import java.io.IOException;
import java.net.SocketAddress;
import java.nio.channels.SocketChannel;
import java.util.Optional;
import javax.net.ssl.SSLSession;

/** A transport that an event loop can serve: it can stop blocking, and a selector tells when it is ready. */
public interface LoopTransport extends Transport, Stream {
    /**
     * Stops blocking, for good: from then on this is a stream. Not while a read or write is going on.
     *
     * @return the channel to register, or empty if this one cannot, and blocks as before
     * @throws IOException if it is closed
     */
    Optional<SocketChannel> enterLoop() throws IOException;

    @Override
    default void abort() throws IOException {
        close();
    }

    @Override
    default boolean halfCloses() {
        return true;
    }

    @Override
    default Optional<SocketAddress> localAddress() {
        return Optional.empty();
    }

    @Override
    default Optional<SocketAddress> peerAddress() {
        return Optional.empty();
    }

    @Override
    default Optional<SSLSession> tlsSession() {
        return Optional.empty();
    }
}
