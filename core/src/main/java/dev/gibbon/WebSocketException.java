// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** The root of everything that can go wrong between two WebSocket endpoints; decide on the subtype. */
public abstract sealed class WebSocketException extends IOException
        permits HandshakeException,
                HandshakeTimeoutException,
                InterruptedCallException,
                ProtocolException,
                MessageTooBigException,
                ConnectionClosedException,
                QueueFullException,
                ReadTimeoutException,
                WriteTimeoutException {
    private static final long serialVersionUID = 1L;

    WebSocketException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
