// SPDX-License-Identifier: Apache-2.0

/**
 * Accepting, request heads, routes and answers, until a transport has become a WebSocket or has ended. Not
 * exported.
 */
@NullMarked
package dev.gibbon.server;

import org.jspecify.annotations.NullMarked;
