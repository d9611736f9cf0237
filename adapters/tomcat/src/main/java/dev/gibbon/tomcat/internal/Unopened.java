// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.tomcat.internal;

import dev.gibbon.spi.UpgradeReply;
import java.lang.ref.PhantomReference;
import java.lang.ref.Reference;
import java.lang.ref.ReferenceQueue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Handshakes that Tomcat has not opened yet. Where a client is gone before it has its answer, Tomcat forgets the
 * handler of the upgrade without a word; what was set aside for its connection is given back once that handler is
 * garbage, with the next handshake.
 */
public final class Unopened {
    private final ReferenceQueue<UpgradeHandler> forgotten = new ReferenceQueue<>();
    private final Set<Handshake> handshakes = ConcurrentHashMap.newKeySet();

    /** Has the handler open a handshake, or gives it back. */
    public void give(UpgradeHandler handler, Take take) {
        giveBackForgotten();
        Handshake handshake = new Handshake(handler, take.accepted());
        handshakes.add(handshake);
        handler.prepare(take, handshake);
    }

    private void giveBackForgotten() {
        for (Reference<?> gone = forgotten.poll(); gone != null; gone = forgotten.poll()) {
            if (gone instanceof Handshake handshake) {
                handshake.close();
            }
        }
    }

    int size() {
        return handshakes.size();
    }

    /** One of them, which is not that any more once it is closed. */
    final class Handshake extends PhantomReference<UpgradeHandler> implements AutoCloseable {
        private final UpgradeReply.Accepted accepted;

        private Handshake(UpgradeHandler handler, UpgradeReply.Accepted accepted) {
            super(handler, forgotten);
            this.accepted = accepted;
        }

        /** Does nothing to what a connection has. */
        @Override
        public void close() {
            handshakes.remove(this);
            accepted.close();
        }
    }
}
