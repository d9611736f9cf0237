// SPDX-License-Identifier: Apache-2.0

/** Small runnable programs, one idea each. */
@NullMarked
package dev.gibbon.examples;

import org.jspecify.annotations.NullMarked;
