// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.jackson;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;

/** What the tests send. */
final class Orders {
    static final Order ORDER =
            new Order(7, List.of(new Item("grüße, 猿 and 🐒", 250), new Item("\"\n/", 0)), Map.of("a/b", 1));

    private Orders() {}

    record Item(String name, int cents) {
        Item {
            if (cents < 0) {
                throw new IllegalArgumentException("no price below zero");
            }
        }
    }

    record Order(long id, List<Item> items, Map<String, Integer> counts) {}

    record Receipt(long order, int items) {}

    record Numbers(BigInteger whole, BigDecimal decimal) {}

    /** What cannot be serialised before so many items are. */
    static final class Failing implements Iterable<String> {
        static final String WHY = "no more";

        private final int items;

        Failing(int items) {
            this.items = items;
        }

        @Override
        public Iterator<String> iterator() {
            return new Iterator<>() {
                private int next;

                @Override
                public boolean hasNext() {
                    return true;
                }

                @Override
                public String next() {
                    if (next++ == items) {
                        throw new NoSuchElementException(WHY);
                    }
                    return "x".repeat(100);
                }
            };
        }
    }
}
