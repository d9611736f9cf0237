// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

/** Where a {@link ReconnectingClient} stands. */
public enum ReconnectState {
    /** A try is under way, the resume hook included. */
    CONNECTING,
    /** A connection is open, as far as is known. */
    CONNECTED,
    /** It waits before the next try. */
    WAITING,
    /** It was closed or gave up, and does nothing any more. */
    STOPPED;

    ReconnectState to(ReconnectState next) {
        boolean legal = switch (this) {
            case CONNECTING -> next == CONNECTED || next == WAITING || next == STOPPED;
            case CONNECTED -> next == WAITING || next == STOPPED;
            case WAITING -> next == CONNECTING || next == STOPPED;
            case STOPPED -> false;
        };
        if (!legal) {
            throw new IllegalStateException(this + " -> " + next);
        }
        return next;
    }
}
