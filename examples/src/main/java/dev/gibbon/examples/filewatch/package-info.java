// SPDX-License-Identifier: Apache-2.0

/** Sends a file whenever it changes. */
@NullMarked
package dev.gibbon.examples.filewatch;

import org.jspecify.annotations.NullMarked;
