// SPDX-License-Identifier: Apache-2.0

/** Gibbon's WebSockets in Helidon. */
module dev.gibbon.helidon {
    requires static org.jspecify;
    requires transitive dev.gibbon;
    requires io.helidon.common.buffers;
    requires io.helidon.common.concurrency.limits;
    requires io.helidon.common.socket;
    requires io.helidon.common.uri;
    requires transitive io.helidon.http;
    requires transitive io.helidon.webserver;

    exports dev.gibbon.helidon;
}
