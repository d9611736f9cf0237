// SPDX-License-Identifier: Apache-2.0

/** A program's input and output, line by line, as messages. */
@NullMarked
package dev.gibbon.examples.command;

import org.jspecify.annotations.NullMarked;
