// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import java.util.concurrent.atomic.AtomicInteger;

/** The event loops of an engine; connections are given to them in turn. Any thread. */
final class EventLoops {
    private final EventLoop[] loops;
    private final AtomicInteger turn = new AtomicInteger();

    EventLoops(Engine engine, int count) {
        loops = new EventLoop[count];
        for (int i = 0; i < count; i++) {
            loops[i] = new EventLoop(engine, "gibbon-loop-" + i);
        }
    }

    /** {@return the loop for the next connection} */
    EventLoop next() {
        return loops[Math.floorMod(turn.getAndIncrement(), loops.length)];
    }

    /** Looks whether listeners hold loops up. {@return whether any loop did anything since the last look} */
    boolean look(long now, LimitedLog log) {
        boolean busy = false;
        for (EventLoop loop : loops) {
            busy |= loop.look(now, log);
        }
        return busy;
    }

    /** {@return whether any loop does something} */
    boolean busy() {
        for (EventLoop loop : loops) {
            if (loop.busy()) {
                return true;
            }
        }
        return false;
    }
}
