// SPDX-License-Identifier: Apache-2.0

/** One message for everybody, encoded once. */
@NullMarked
package dev.gibbon.examples.broadcast;

import org.jspecify.annotations.NullMarked;
