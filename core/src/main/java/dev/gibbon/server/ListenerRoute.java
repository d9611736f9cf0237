// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.server;

import dev.gibbon.Exchange;
import dev.gibbon.ExchangeHandler;
import dev.gibbon.Listener;
import dev.gibbon.Upgrader;
import java.util.Objects;

/** A route whose connections go straight to a listener. */
public record ListenerRoute(String pattern, Upgrader upgrader, Listener listener) implements ExchangeHandler {
    public ListenerRoute {
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
