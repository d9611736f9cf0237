// SPDX-License-Identifier: Apache-2.0

/** A room behind a login. */
@NullMarked
package dev.gibbon.examples.login;

import org.jspecify.annotations.NullMarked;
