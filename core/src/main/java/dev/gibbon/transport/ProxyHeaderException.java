// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.transport;

import java.io.IOException;

/** A transport that has to begin with a header of the PROXY protocol begins otherwise. */
public final class ProxyHeaderException extends IOException {
    private static final long serialVersionUID = 1;

    ProxyHeaderException(String message) {
        super(message);
    }
}
