// SPDX-License-Identifier: Apache-2.0

/** Test kit for code that speaks WebSocket through Gibbon: no ports, no real clock, no real peer. */
module dev.gibbon.testkit {
    requires transitive dev.gibbon;
    requires static org.jspecify;
}
