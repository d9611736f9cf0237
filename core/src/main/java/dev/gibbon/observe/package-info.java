// SPDX-License-Identifier: Apache-2.0

/** Ready-made observers: a log of accesses, and events of the JDK's Flight Recorder. */
@NullMarked
package dev.gibbon.observe;

import org.jspecify.annotations.NullMarked;
