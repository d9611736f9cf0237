// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.connection;

/** A thread that runs turns and nothing else: it must not wait for a peer. */
public final class LoopThread extends Thread {
    public LoopThread(Runnable task, String name) {
        super(null, task, name, 0, false);
        setDaemon(true); // As virtual threads are: who waits for an end says so.
    }
}
