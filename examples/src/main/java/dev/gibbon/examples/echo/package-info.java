// SPDX-License-Identifier: Apache-2.0

/** Sends back what it gets. */
@NullMarked
package dev.gibbon.examples.echo;

import org.jspecify.annotations.NullMarked;
