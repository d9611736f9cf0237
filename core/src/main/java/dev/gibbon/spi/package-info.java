// SPDX-License-Identifier: Apache-2.0

/** What an adapter names: the streams and hosts that carry connections of somebody else's server. */
@NullMarked
package dev.gibbon.spi;

import org.jspecify.annotations.NullMarked;
