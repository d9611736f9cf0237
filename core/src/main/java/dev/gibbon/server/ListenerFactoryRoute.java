// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.server;

import dev.gibbon.Exchange;
import dev.gibbon.ExchangeHandler;
import dev.gibbon.ListenerFactory;
import dev.gibbon.Upgrader;
import java.util.Objects;

/** A route whose connections go to listeners that are found for each. */
public record ListenerFactoryRoute(Upgrader upgrader, ListenerFactory factory) implements ExchangeHandler {
    public ListenerFactoryRoute {
        Objects.requireNonNull(upgrader, "upgrader");
        Objects.requireNonNull(factory, "factory");
    }

    @Override
    public void handle(Exchange exchange) throws Exception {
        switch (exchange) {
            case ServerExchange request -> request.listen(upgrader, factory);
        }
    }
}
