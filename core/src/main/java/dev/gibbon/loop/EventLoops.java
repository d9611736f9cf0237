// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.loop;

import dev.gibbon.connection.LoopGuard;
import dev.gibbon.connection.Observers;
import java.util.Arrays;
import java.util.Objects;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/** The event loops of an engine; connections are given in turn to those that have threads of their own. Any thread. */
public final class EventLoops {
    private final LoopEngine engine;
    private final SelectorLoop[] loops;
    private final AtomicInteger turn = new AtomicInteger();

    /** Those on event threads of a host: a few, made when it starts. */
    private final AtomicReference<HostedLoop[]> hosted = new AtomicReference<>(new HostedLoop[0]);

    EventLoops(LoopEngine engine, int count) {
        this.engine = engine;
        loops = new SelectorLoop[count];
        for (int i = 0; i < count; i++) {
            loops[i] = new SelectorLoop(engine, "gibbon-loop-" + i);
        }
    }

    /** {@return the loop for the next connection} */
    public SelectorLoop next() {
        return loops[Math.floorMod(turn.getAndIncrement(), loops.length)];
    }

    /** {@return the loop on the event thread of a host: the same one for the same executor} */
    public HostedLoop hosted(String name, Executor events, BooleanSupplier onThread) {
        HostedLoop known = on(events, hosted.get());
        if (known != null) {
            return known;
        }
        HostedLoop made = new HostedLoop(engine, name, events, onThread);
        HostedLoop[] all = hosted.updateAndGet(before -> on(events, before) == null ? with(before, made) : before);
        return Objects.requireNonNullElse(on(events, all), made);
    }

    private static @Nullable HostedLoop on(Executor events, HostedLoop[] loops) {
        for (HostedLoop loop : loops) {
            if (loop.runsOn(events)) {
                return loop;
            }
        }
        return null;
    }

    private static HostedLoop[] with(HostedLoop[] before, HostedLoop one) {
        HostedLoop[] all = Arrays.copyOf(before, before.length + 1);
        all[before.length] = one;
        return all;
    }

    /**
     * {@return whether the calling thread must not wait: it is that of a loop, or of a host's whose connections
     * these are}
     */
    boolean isEventThread() {
        if (LoopGuard.isLoopThread()) {
            return true;
        }
        for (HostedLoop loop : hosted.get()) {
            if (loop.onThread()) {
                return true;
            }
        }
        return false;
    }

    /** Looks whether listeners hold loops up. {@return whether any loop did anything since the last look} */
    boolean look(long now, Observers observers) {
        boolean busy = false;
        for (EventLoop loop : loops) {
            busy |= loop.look(now, observers);
        }
        for (EventLoop loop : hosted.get()) {
            busy |= loop.look(now, observers);
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
        for (EventLoop loop : hosted.get()) {
            if (loop.busy()) {
                return true;
            }
        }
        return false;
    }

    /** Has the threads end as soon as they have nothing to do, and waits for that, until a time on the clock. */
    void end(long until) throws InterruptedException {
        for (SelectorLoop loop : loops) {
            loop.endWhenIdle();
        }
        for (SelectorLoop loop : loops) {
            loop.awaitEnd(until);
        }
    }
}
