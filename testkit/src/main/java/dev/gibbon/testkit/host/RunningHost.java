// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.testkit.host;

/** A server that a {@link HostSuite} has started. */
public interface RunningHost extends AutoCloseable {
    /** {@return the port it listens on, on the loopback address} */
    int port();

    /**
     * Stops the server alone: the {@link Site}'s host and its connections are the suite's to close, before or after.
     * Blocks until it has stopped.
     *
     * @throws Exception if it cannot be stopped
     */
    @Override
    void close() throws Exception;
}
