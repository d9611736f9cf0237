// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * A {@link ReconnectingClient} was closed or gave up. From {@link ReconnectingClient#send}
 * or a receipt: the message was not sent and will not be. The {@linkplain #getCause() cause}
 * is why it gave up; there is none if it was closed on this side.
 */
public final class ReconnectStoppedException extends IOException {
    private static final long serialVersionUID = 1L;

    ReconnectStoppedException(@Nullable Throwable cause) {
        super(cause == null ? "the client was closed" : "the client gave up", cause);
    }
}
