// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import java.io.IOException;

/** Is told of the peer's Close frame (RFC 6455 §5.5.1), on the thread that reads, before the answer leaves. */
@FunctionalInterface
public interface CloseHandler {
    /**
     * Handles the Close frame. May still send a last message if this side has not closed yet. The Close frame is answered afterwards
     * in any case.
     *
     * @param status what the peer said
     * @throws IOException to fail the connection with 1011
     */
    void handle(CloseStatus status) throws IOException;
}
