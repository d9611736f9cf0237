// SPDX-License-Identifier: Apache-2.0

/** What a user imports: upgrader, dialer, server, connection, options, close codes, exceptions. */
@NullMarked
package dev.gibbon;

import org.jspecify.annotations.NullMarked;
