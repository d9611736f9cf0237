// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import java.io.IOException;
import java.util.Objects;

/**
 * The connection was lost while the message was being written: nobody on this side can know whether the peer got it. It
 * is not sent again, unless {@link ReconnectingClient.Builder#resendInDoubt} asks for it.
 */
public final class MessageInDoubtException extends IOException {
    private static final long serialVersionUID = 1L;

    MessageInDoubtException(Throwable cause) {
        super("the connection was lost while the message was being written", Objects.requireNonNull(cause, "cause"));
    }
}
