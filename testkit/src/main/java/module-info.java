// SPDX-License-Identifier: Apache-2.0

/**
 * Tools for tests of WebSocket code: an in-memory transport pair, a clock moved by hand, a peer that speaks raw frames,
 * a recorder. Failures are {@link AssertionError}s; no test framework is needed. Only the suite that every host passes,
 * {@code dev.gibbon.testkit.host}, is made of JUnit's tests.
 */
module dev.gibbon.testkit {
    requires transitive dev.gibbon;
    requires static java.logging;
    requires static org.jspecify;
    requires static org.junit.jupiter.api;
    requires static org.junit.jupiter.params;

    exports dev.gibbon.testkit;
    exports dev.gibbon.testkit.host;
}
