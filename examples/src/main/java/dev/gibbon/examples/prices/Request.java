// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.examples.prices;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import java.util.Set;

/** What a client says; {@code "do"} tells which. */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "do")
@JsonSubTypes({
    @JsonSubTypes.Type(value = Request.Watch.class, name = "watch"),
    @JsonSubTypes.Type(value = Request.Quote.class, name = "quote")
})
sealed interface Request {
    /** What has a price: a peer cannot make us remember anything else. */
    enum Fruit {
        BANANA,
        FIG,
        MANGO
    }

    /** To be told the prices of some fruit from now on: {@code {"do":"watch","fruit":["FIG"]}}. */
    record Watch(Set<Fruit> fruit) implements Request {}

    /** To set a price: {@code {"do":"quote","fruit":"FIG","cents":35}}. */
    record Quote(Fruit fruit, int cents) implements Request {
        public Quote {
            if (cents < 0) {
                throw new IllegalArgumentException("a price below zero");
            }
        }
    }
}
