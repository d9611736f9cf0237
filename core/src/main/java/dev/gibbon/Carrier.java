// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import dev.gibbon.internal.Stream;
import java.util.function.Function;

/**
 * What carries a connection: a stream, and what drives it.
 *
 * @param stream never blocks
 * @param drivers makes the driver
 */
record Carrier(Stream stream, Function<Driver.Driven, Driver> drivers) {
    Driver driver(Driver.Driven driven) {
        return drivers.apply(driven);
    }
}
