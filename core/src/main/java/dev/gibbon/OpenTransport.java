// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

/** A transport that a server has accepted and that is no WebSocket yet. Any thread. */
interface OpenTransport {
    /** {@return whether no request is being answered, so that nothing is lost by closing the transport} */
    boolean isIdle();

    /** Ends it whatever it does. */
    void abort();
}
