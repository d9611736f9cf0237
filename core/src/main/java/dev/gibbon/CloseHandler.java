// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import java.io.IOException;

/** Is told of the peer's Close frame (RFC 6455 §5.5.1), on the thread that reads, before the answer leaves. */
@FunctionalInterface
public interface CloseHandler {
    /**
     * Handles the Close frame. It is answered afterwards in any case; nothing else can be sent any more (§5.5.1).
     *
     * @param status what the peer said
     * @throws IOException to fail the connection with 1011
     */
    void handle(CloseStatus status) throws IOException;
}
