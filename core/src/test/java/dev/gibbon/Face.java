// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

/** How an application meets a connection, and over what: each must see the same of the same peer. */
enum Face {
    /** A thread that reads, over a transport in memory. */
    PULL,
    /** A listener on a virtual thread, over a transport in memory, which no loop can serve. */
    THREAD,
    /** A listener on an event loop, over TCP on loopback. */
    LOOP
}
