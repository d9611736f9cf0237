// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import java.io.IOException;
import java.nio.ByteBuffer;

/** Is told of the peer's Ping or Pong frames (RFC 6455 §5.5.2, §5.5.3), on the thread that reads, while it reads. */
@FunctionalInterface
public interface ControlFrameHandler {
    /**
     * Handles one frame. May write to the connection; must not read from it. What it throws is logged, fails the
     * connection with 1011, and is the cause of what the read throws.
     *
     * @param payload up to 125 bytes, the handler's to keep
     * @throws IOException to fail the connection with 1011
     */
    void handle(ByteBuffer payload) throws IOException;
}
