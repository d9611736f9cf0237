// SPDX-License-Identifier: Apache-2.0

/** Prices by JSON: clients watch some and set some. */
@NullMarked
package dev.gibbon.examples.prices;

import org.jspecify.annotations.NullMarked;
