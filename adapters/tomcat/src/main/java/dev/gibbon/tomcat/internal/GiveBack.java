// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.tomcat.internal;

import java.nio.channels.ClosedSelectorException;
import java.util.concurrent.locks.ReentrantLock;
import org.apache.tomcat.util.net.NioEndpoint;
import org.apache.tomcat.util.net.SocketWrapperBase;

/**
 * Gives a transport back to Tomcat, which closes it and counts it no more. Any thread, any number of times; never
 * waits.
 */
final class GiveBack implements Runnable {
    /** Held while bytes move through the wrapper: Tomcat hands a channel that is closed to the next client. */
    final ReentrantLock moving = new ReentrantLock();

    private final SocketWrapperBase<?> wrapper;

    GiveBack(SocketWrapperBase<?> wrapper) {
        this.wrapper = wrapper;
    }

    /**
     * Not while Tomcat still works on the upgrade: it would register, for good, what is over already. It holds the
     * wrapper's lock until then.
     */
    @Override
    public void run() {
        ReentrantLock lock = wrapper.getLock();
        if (!lock.isHeldByCurrentThread() && lock.tryLock()) {
            close(lock);
        } else if (!wrapper.isClosed()) {
            Thread _ = Thread.ofVirtual().name("gibbon-tomcat-end").start(() -> {
                lock.lock();
                close(lock);
            });
        }
    }

    private void close(ReentrantLock lock) {
        moving.lock();
        try {
            wrapper.close();
        } finally {
            moving.unlock();
            lock.unlock();
        }
        if (wrapper instanceof NioEndpoint.NioSocketWrapper nio) {
            wake(nio.getPoller());
        }
    }

    /** A channel that is closed lives on, and its reset does not leave, until every selector that had it has looked. */
    private static void wake(NioEndpoint.Poller poller) {
        try {
            poller.getSelector().wakeup();
        } catch (ClosedSelectorException _) {
            // Tomcat has stopped, and its selector has dropped all.
        }
    }
}
