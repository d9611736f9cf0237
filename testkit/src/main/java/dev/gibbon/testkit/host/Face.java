// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.testkit.host;

/** What serves a connection. */
enum Face {
    HANDLER(""),
    LISTENER("/event");

    private final String suffix;

    Face(String suffix) {
        this.suffix = suffix;
    }

    /** {@return where this face serves what the handler serves at {@code path}} */
    String at(String path) {
        return path + suffix;
    }
}
