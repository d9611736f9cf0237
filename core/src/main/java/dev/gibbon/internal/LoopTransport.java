// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.internal;

import dev.gibbon.Transport;
import java.io.IOException;
import java.nio.channels.SocketChannel;
import java.util.Optional;

/** A transport that an event loop can serve: it can stop blocking, and a selector tells when it is ready. */
public interface LoopTransport extends Transport {
    /**
     * Stops blocking, for good. Not while a read or write is going on.
     *
     * @return the channel to register, or empty if this one cannot, and blocks as before
     * @throws IOException if it is closed
     */
    Optional<SocketChannel> enterLoop() throws IOException;

    /**
     * Hands on bytes that a write took and the socket has not;
     * called after writes, and when the channel is writable again.
     *
     * @return whether none are left
     * @throws IOException if the stream broke or was closed
     */
    boolean flush() throws IOException;

    /** {@return whether a read may leave bytes behind that no selector tells of: then read until 0} */
    boolean buffersInput();
}
