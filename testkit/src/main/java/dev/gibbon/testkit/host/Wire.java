// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.testkit.host;

/** What carries the bytes. */
enum Wire {
    PLAIN,
    TLS
}
