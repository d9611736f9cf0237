// SPDX-License-Identifier: Apache-2.0

/** WebSockets from servlets, whichever container they run in. */
@NullMarked
package dev.gibbon.servlet;

import org.jspecify.annotations.NullMarked;
