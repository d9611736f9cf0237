// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import java.util.Objects;

/**
 * What a Close frame says: its close code and close reason (RFC 6455 §7.1.5, §7.1.6).
 *
 * @param code the close code; {@link CloseCode#NO_STATUS_RECEIVED} stands for a Close frame without one
 * @param reason the close reason, empty where there is none. A
 *     peer's reason is untrusted text: escape it before it is shown.
 */
public record CloseStatus(CloseCode code, String reason) {
    /** A Close frame with no body. */
    public static final CloseStatus EMPTY = new CloseStatus(CloseCode.NO_STATUS_RECEIVED, "");

    /** A connection that ended without a Close frame. */
    public static final CloseStatus LOST = new CloseStatus(CloseCode.ABNORMAL_CLOSURE, "");

    /** Pairs a code with a reason. */
    public CloseStatus {
        Objects.requireNonNull(code, "code");
        Objects.requireNonNull(reason, "reason");
    }

    /** {@return the code and, where there is one, the reason behind a colon} */
    @Override
    public String toString() {
        return reason.isEmpty() ? code.toString() : code + ": " + reason;
    }
}
