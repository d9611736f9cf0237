// SPDX-License-Identifier: Apache-2.0

/**
 * One suite that each server with Gibbon in it passes: extend {@link dev.gibbon.testkit.host.HostSuite} and say how
 * the server is started. It is made of JUnit Jupiter's tests, which is needed for this package alone.
 */
@NullMarked
package dev.gibbon.testkit.host;

import org.jspecify.annotations.NullMarked;
