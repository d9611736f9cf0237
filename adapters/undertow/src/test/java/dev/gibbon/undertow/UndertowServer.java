// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.undertow;

import dev.gibbon.testkit.host.RunningHost;
import io.undertow.Undertow;
import java.net.InetSocketAddress;

/** Undertow on a free port of 127.0.0.1. */
record UndertowServer(Undertow undertow) implements RunningHost {
    static final String ADDRESS = "127.0.0.1";

    /** Starts what was set up. */
    static UndertowServer start(Undertow.Builder builder) {
        Undertow undertow = builder.setIoThreads(2).setWorkerThreads(4).build();
        undertow.start();
        return new UndertowServer(undertow);
    }

    @Override
    public int port() {
        return ((InetSocketAddress) undertow.getListenerInfo().getFirst().getAddress()).getPort();
    }

    @Override
    public void close() {
        undertow.stop();
    }
}
