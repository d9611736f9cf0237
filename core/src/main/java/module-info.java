// SPDX-License-Identifier: Apache-2.0

/** Gibbon: WebSockets (RFC 6455) that simply block, on virtual threads. */
module dev.gibbon {
    requires static jdk.jfr;
    requires static org.jspecify;

    exports dev.gibbon;
    exports dev.gibbon.reconnect;
    exports dev.gibbon.spi;
}
