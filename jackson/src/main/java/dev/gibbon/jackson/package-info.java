// SPDX-License-Identifier: Apache-2.0

/** Messages that are JSON, by Jackson 3: see {@link dev.gibbon.jackson.Json}. */
@NullMarked
package dev.gibbon.jackson;

import org.jspecify.annotations.NullMarked;
