// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.connection;

/** Is told that bytes went out, so that a write that stands still can be told from one that is slow. */
@FunctionalInterface
public interface SendProgress {
    void wrote(long bytes);
}
