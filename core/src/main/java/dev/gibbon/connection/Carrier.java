// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.connection;

import dev.gibbon.transport.Stream;
import java.util.function.Function;

/**
 * What carries a connection: a stream, and what drives it.
 *
 * @param stream never blocks
 * @param drivers makes the driver
 */
public record Carrier(Stream stream, Function<Driver.Driven, Driver> drivers) {
    public Driver driver(Driver.Driven driven) {
        return drivers.apply(driven);
    }
}
