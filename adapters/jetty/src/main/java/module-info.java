// SPDX-License-Identifier: Apache-2.0

/** Gibbon in Jetty 12.1: WebSockets over HTTP/1.1, TLS and HTTP/2, whichever servlet environment is there, if any. */
module dev.gibbon.jetty {
    requires transitive dev.gibbon;
    requires transitive org.eclipse.jetty.server;
    requires static org.eclipse.jetty.http2.common;
    requires static org.jspecify;

    exports dev.gibbon.jetty;
}
