// SPDX-License-Identifier: Apache-2.0

/** Gibbon's WebSockets in the pipelines of Netty. */
module dev.gibbon.netty {
    requires static org.jspecify;
    requires transitive dev.gibbon;
    requires io.netty.buffer;
    requires io.netty.codec;
    requires io.netty.codec.http;
    requires static io.netty.codec.http2;
    requires io.netty.common;
    requires io.netty.handler;
    requires transitive io.netty.transport;

    exports dev.gibbon.netty;
}
