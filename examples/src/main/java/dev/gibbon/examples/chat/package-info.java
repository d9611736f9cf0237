// SPDX-License-Identifier: Apache-2.0

/** A room: what one says, all hear. */
@NullMarked
package dev.gibbon.examples.chat;

import org.jspecify.annotations.NullMarked;
