// SPDX-License-Identifier: Apache-2.0

/** The wire: frame headers, parsing, serializing, masking and UTF-8 (RFC 6455 §5). No I/O. */
@NullMarked
package dev.gibbon.frame;

import org.jspecify.annotations.NullMarked;
