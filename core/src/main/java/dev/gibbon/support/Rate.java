// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.support;

import java.util.concurrent.atomic.AtomicLong;

/**
 * So many a second, and so many at once: a token bucket, kept as the generic cell rate algorithm (ITU-T I.371). All
 * that is kept of those who take is one time, until when what they took comes back; it lies in the past once they have
 * taken nothing for a while. Times are nanoseconds of a clock whose zero is anywhere. Any thread.
 */
public final class Rate {
    private static final long SECOND_NANOS = 1_000_000_000L;

    private final int perSecond;

    /** What one takes. */
    private final long interval;

    /** How far ahead of the clock the time may be. */
    private final long most;

    /**
     * A rate.
     *
     * @param perSecond 1 to 1 000 000 000
     * @param burst how many may be taken at once, 1 to 1 000 000 000
     */
    public Rate(int perSecond, int burst) {
        this.perSecond = perSecond;
        interval = SECOND_NANOS / perSecond;
        most = burst * SECOND_NANOS / perSecond;
    }

    public int perSecond() {
        return perSecond;
    }

    /** {@return whether there was one to take, and is one less now} */
    public boolean take(AtomicLong usedUp, long now) {
        while (true) {
            long known = usedUp.get();
            long ahead = Math.max(0, known - now) + interval;
            if (ahead > most) {
                return false;
            }
            if (usedUp.compareAndSet(known, now + ahead)) {
                return true;
            }
        }
    }

    /** Takes the next there is, be it later; {@return in how many nanoseconds that is, 0 for now} */
    public long reserve(AtomicLong usedUp, long now) {
        return Math.max(0, move(usedUp, now, interval) - most);
    }

    /** Gives one back that was reserved and is not needed. */
    public void giveBack(AtomicLong usedUp) {
        long _ = usedUp.addAndGet(-interval);
    }

    /** Takes so many, be there as many or not. */
    public void spend(AtomicLong usedUp, long now, long count) {
        long _ = move(usedUp, now, count * SECOND_NANOS / perSecond);
    }

    /** {@return in how many nanoseconds all is back that was spent beyond what there was, 0 if nothing was} */
    public long debt(AtomicLong usedUp, long now) {
        return Math.max(0, Math.max(0, usedUp.get() - now) - most);
    }

    /** {@return how far ahead of the clock the time is then} */
    private static long move(AtomicLong usedUp, long now, long by) {
        while (true) {
            long known = usedUp.get();
            long ahead = Math.max(0, known - now) + by;
            if (usedUp.compareAndSet(known, now + ahead)) {
                return ahead;
            }
        }
    }
}
