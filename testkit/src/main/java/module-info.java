// SPDX-License-Identifier: Apache-2.0

/**
 * Tools for tests of WebSocket code: an in-memory transport pair, a clock moved by hand, a peer that speaks raw frames,
 * a recorder. Failures are {@link AssertionError}s; no test framework is needed.
 */
module dev.gibbon.testkit {
    requires transitive dev.gibbon;
    requires static org.jspecify;

    exports dev.gibbon.testkit;
}
