// SPDX-License-Identifier: Apache-2.0

/** The {@code gibbon} command: thin shells over the library. */
@NullMarked
package dev.gibbon.cli;

import org.jspecify.annotations.NullMarked;
