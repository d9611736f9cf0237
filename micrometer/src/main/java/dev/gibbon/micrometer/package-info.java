// SPDX-License-Identifier: Apache-2.0

/** What happens to WebSockets, as meters of Micrometer. */
@NullMarked
package dev.gibbon.micrometer;

import org.jspecify.annotations.NullMarked;
