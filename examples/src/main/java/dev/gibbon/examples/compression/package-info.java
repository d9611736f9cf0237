// SPDX-License-Identifier: Apache-2.0

/** Both sides of a connection, with any compression options, for others to judge. */
@NullMarked
package dev.gibbon.examples.compression;

import org.jspecify.annotations.NullMarked;
