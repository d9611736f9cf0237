// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.examples.prices;

import dev.gibbon.CloseCode;
import dev.gibbon.Connection;
import dev.gibbon.Group;
import dev.gibbon.Listener;
import dev.gibbon.MessageView;
import dev.gibbon.examples.prices.Request.Fruit;
import dev.gibbon.examples.prices.Request.Quote;
import dev.gibbon.examples.prices.Request.Watch;
import dev.gibbon.jackson.Json;
import dev.gibbon.jackson.JsonMessageException;
import java.io.IOException;
import java.util.EnumMap;
import java.util.Map;

/** The watchers of each fruit. Called on event loops, so nothing here waits. */
final class Market implements Listener {
    /** What a client is told that has asked for nothing we understand. */
    record Refusal(String at, String why) {}

    private final Json json = Json.create();
    private final Map<Fruit, Group> watchers = new EnumMap<>(Fruit.class);

    Market() {
        for (Fruit fruit : Fruit.values()) {
            watchers.put(fruit, new Group());
        }
    }

    @Override
    public void onMessage(Connection ws, MessageView message) throws IOException {
        try {
            switch (json.read(message, Request.class)) {
                case Watch watch ->
                    watch.fruit().forEach(fruit -> watchersOf(fruit).join(ws));
                case Quote quote -> watchersOf(quote.fruit()).broadcast(json.prepare(quote)); // Serialised once.
            }
        } catch (JsonMessageException e) {
            refuse(ws, e);
        }
    }

    /** A client that does not speak JSON is shown out; one that has made a mistake is told where. */
    private void refuse(Connection ws, JsonMessageException e) throws IOException {
        if (e.isMalformed()) {
            ws.close(CloseCode.INVALID_PAYLOAD, "not JSON");
        } else {
            json.write(ws, new Refusal(e.pointer(), "not understood"));
        }
    }

    private Group watchersOf(Fruit fruit) {
        Group group = watchers.get(fruit);
        if (group == null) {
            throw new IllegalArgumentException("no such fruit: " + fruit);
        }
        return group;
    }
}
