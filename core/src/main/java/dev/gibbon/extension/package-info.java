// SPDX-License-Identifier: Apache-2.0

/** Extensions (RFC 6455 §9) and their options: compression of messages, permessage-deflate (RFC 7692). */
@NullMarked
package dev.gibbon.extension;

import org.jspecify.annotations.NullMarked;
