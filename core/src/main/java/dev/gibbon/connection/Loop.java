// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.connection;

/** The thread that runs the turns of connections, as they see it. Any thread. */
public interface Loop {
    /** Runs {@code task} on that thread, soon, in the order they were given. */
    void execute(Runnable task);

    /** {@return who notes the calls of the application's code on that thread} */
    HoldUp holdUp();
}
