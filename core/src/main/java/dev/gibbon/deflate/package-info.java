// SPDX-License-Identifier: Apache-2.0

/** permessage-deflate (RFC 7692): its negotiation as pure functions, and its codecs. No I/O. */
@NullMarked
package dev.gibbon.deflate;

import org.jspecify.annotations.NullMarked;
