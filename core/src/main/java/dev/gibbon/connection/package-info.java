// SPDX-License-Identifier: Apache-2.0

/** One connection: its way in, its way out and its end, in turns. Knows no selector. Not exported. */
@NullMarked
package dev.gibbon.connection;

import org.jspecify.annotations.NullMarked;
