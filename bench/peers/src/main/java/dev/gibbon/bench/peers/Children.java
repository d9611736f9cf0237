// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.bench.peers;

import java.util.HashSet;
import java.util.Set;

/** The processes that this one started and that must not outlive it, not even when it is interrupted. */
final class Children {
    // Guarded by this.
    private final Set<Process> running = new HashSet<>();

    // Guarded by this.
    private boolean ended;

    synchronized void add(Process process) {
        running.add(process);
        if (ended) {
            killTree(process); // Started while the hook below was at work: there is nobody else to end it.
        }
    }

    synchronized void remove(Process process) {
        running.remove(process);
    }

    /** Kills them all when the JVM ends, for whatever reason but SIGKILL. */
    void killAtExit() {
        Runtime.getRuntime().addShutdownHook(new Thread(this::killAll, "kill-children"));
    }

    private synchronized void killAll() {
        ended = true;
        running.forEach(Children::killTree);
    }

    /** Kills a process and those it started. SIGKILL reaches a stopped one, too. */
    static void killTree(Process process) {
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly();
    }
}
