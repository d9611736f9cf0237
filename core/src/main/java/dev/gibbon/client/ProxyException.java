// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.client;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** A proxy opened no tunnel: it refused, broke its protocol or left. */
public sealed class ProxyException extends IOException permits ConnectRefusedException {
    private static final long serialVersionUID = 1L;

    ProxyException(String message) {
        this(message, null);
    }

    ProxyException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
