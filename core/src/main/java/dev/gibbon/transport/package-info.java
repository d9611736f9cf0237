// SPDX-License-Identifier: Apache-2.0

/** Byte streams over channels and TLS. Not exported. */
@NullMarked
package dev.gibbon.transport;

import org.jspecify.annotations.NullMarked;
