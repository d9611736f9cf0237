// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.testkit.host;

/** What some hosts cannot do: see {@link HostSuite#cannot}. */
public enum Ability {
    /** TLS by the host itself. */
    TLS,
    /** Frames that the client sends together with its request are not lost. */
    FRAMES_WITH_THE_HEAD,
    /** A plain GET beside the WebSockets, on the same port. */
    PLAIN_GET,
    /** The host hands over path parameters. */
    PATH_PARAMETERS,
    /** Requests that are no opening handshake reach the adapter, which refuses them with its own status and body. */
    REFUSALS,
    /** The session of a connection with TLS, by {@link dev.gibbon.Connection#tlsSession()}. */
    TLS_SESSION,
    /** Idle time-outs of its own, that {@link Site#idle} sets: what carried a page is closed after so long. */
    IDLE_TIMEOUT,
    /** The host goes on, with pages and 503, when {@linkplain HostSuite#closeConnections its WebSockets are closed}. */
    HOST_GOES_ON,
    /** A connection that has ended gives its descriptors back, all of them, and not once garbage is collected. */
    DESCRIPTORS,
    /** A host that is stopped before its connections are closed ends them, and Gibbon's side notices. */
    HOST_STOPS_FIRST
}
