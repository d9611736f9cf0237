// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import java.util.Objects;

/** A route whose connections go to listeners that are found for each. */
record ListenerFactoryRoute(Upgrader upgrader, ListenerFactory factory) implements ExchangeHandler {
    ListenerFactoryRoute {
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
