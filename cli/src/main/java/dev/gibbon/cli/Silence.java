// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.cli;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Tells when nothing has come for a while. A message on its
 * way, or one that its reader is not done with, is not silence.
 */
final class Silence {
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition ended = lock.newCondition();
    // Guarded by lock.
    private boolean broken;
    private long since = System.nanoTime();

    /** A message begins. */
    void broken() {
        lock.lock();
        try {
            broken = true;
        } finally {
            lock.unlock();
        }
    }

    /** It is over, and was dealt with. */
    void restored() {
        lock.lock();
        try {
            broken = false;
            since = System.nanoTime();
            ended.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Waits until it has been silent for so long, counted from now at the earliest. */
    void await(Duration span) throws InterruptedException {
        lock.lock();
        try {
            long from = System.nanoTime();
            while (true) {
                if (broken) {
                    ended.await();
                    continue;
                }
                long start = since - from > 0 ? since : from;
                long left = span.toNanos() - (System.nanoTime() - start);
                if (left <= 0) {
                    return;
                }
                boolean _ = ended.await(left, TimeUnit.NANOSECONDS);
            }
        } finally {
            lock.unlock();
        }
    }
}
