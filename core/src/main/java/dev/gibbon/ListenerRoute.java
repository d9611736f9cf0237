// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import java.util.Objects;

/** A route whose connections go straight to a listener. */
record ListenerRoute(String pattern, Upgrader upgrader, Listener listener) implements ExchangeHandler {
    ListenerRoute {
        Objects.requireNonNull(pattern, "pattern");
        Objects.requireNonNull(upgrader, "upgrader");
        Objects.requireNonNull(listener, "listener");
    }

    /** Where the handshake runs on a thread all the same: it is refused, or code of the application has thrown. */
    @Override
    public void handle(Exchange exchange) throws Exception {
        upgrader.upgrade(exchange).listen(listener);
    }
}
