// SPDX-License-Identifier: Apache-2.0

/** The sans-I/O protocol machine of RFC 6455 §5 to §8, both roles. */
@NullMarked
package dev.gibbon.protocol;

import org.jspecify.annotations.NullMarked;
