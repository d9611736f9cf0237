// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.connection;

import dev.gibbon.TimeSource;
import dev.gibbon.support.LimitedLog;
import java.time.Duration;
import java.util.Arrays;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Looks at every connection of an engine now and then: at each as often as its own time-outs need it, so that one with
 * short ones does not have all the others looked at. Connections with about the same need share a round, which has a
 * timer while it has members. A look that throws ends its connection; it stops no round. Any thread.
 */
public final class Ticks {
    private static final Duration SHORTEST = Duration.ofMillis(10);
    private static final Duration LONGEST = Duration.ofSeconds(1);

    /** Each round's period is twice that of the one before, from the shortest to the longest. */
    private static final int ROUNDS = 1 + Long.SIZE - Long.numberOfLeadingZeros((LONGEST.toMillis() - 1) / 10);

    private static final int LOOKS_PER_TIMEOUT = 4;
    private static final int LEAST_ROOM = 16;

    /** The periods of the rounds. */
    private static final Duration[] PERIODS = new Duration[ROUNDS];

    /** The shortest time-out that each round is often enough for; each connection is compared with them. */
    private static final Duration[] ENOUGH_FOR = new Duration[ROUNDS];

    static {
        for (int i = 0; i < ROUNDS; i++) {
            Duration period = SHORTEST.multipliedBy(1L << i);
            PERIODS[i] = period.compareTo(LONGEST) < 0 ? period : LONGEST;
            ENOUGH_FOR[i] = PERIODS[i].multipliedBy(LOOKS_PER_TIMEOUT);
        }
    }

    /** A connection, as it is looked at. */
    public interface Member {
        /** {@return the shortest of the times to keep; always the same} */
        Duration shortestTimeout();

        /** {@return its place in its round; guarded by that round's lock} */
        int place();

        void place(int place);

        /** Compares what has happened with what had at the last look. */
        void tick(long now);

        /** A look threw what nobody expected: only this connection may suffer. */
        void broken(Throwable defect);
    }

    private final TimeSource time;
    private final LimitedLog log;
    private final AtomicReferenceArray<@Nullable Round> rounds = new AtomicReferenceArray<>(ROUNDS);

    /** Makes one without connections. */
    public Ticks(TimeSource time, LimitedLog log) {
        this.time = time;
        this.log = log;
    }

    /** Looks at {@code connection}, a few times within the shortest of its time-outs, until it is removed. */
    public void add(Member connection) {
        round(connection).add(connection);
    }

    public void remove(Member connection) {
        round(connection).remove(connection);
    }

    private Round round(Member connection) {
        int index = index(connection.shortestTimeout());
        Round known = rounds.get(index);
        if (known == null) {
            Round made = new Round(PERIODS[index]);
            known = rounds.compareAndExchange(index, null, made);
            return known == null ? made : known;
        }
        return known;
    }

    /** {@return the round with the longest period that is short enough} */
    private static int index(Duration shortestTimeout) {
        int index = ROUNDS - 1;
        while (index > 0 && ENOUGH_FOR[index].compareTo(shortestTimeout) > 0) {
            index--;
        }
        return index;
    }

    private void look(Member connection, long now) {
        try {
            connection.tick(now);
        } catch (Throwable e) { // A defect, whatever it is; the clock of all the others goes on.
            log.warn(connection + " is dropped for a defect in its time-outs", e);
            drop(connection, e);
        }
    }

    private void drop(Member connection, Throwable why) {
        try {
            connection.broken(why);
        } catch (Throwable e) {
            log.warn("a connection could not be dropped", e);
        }
    }

    /** Connections that are looked at together. */
    private final class Round {
        private final Duration period;
        private final ReentrantLock lock = new ReentrantLock();

        // Guarded by lock. A connection knows its place, so it leaves without a search.
        private @Nullable Member[] members = new @Nullable Member[LEAST_ROOM];
        private int count;

        /** Whether a timer is set or the members are being looked at. */
        private boolean running;

        /** Tells the timer that counts from those that were given up. */
        private long turn;

        Round(Duration period) {
            this.period = period;
        }

        void add(Member connection) {
            lock.lock();
            try {
                if (count == members.length) {
                    members = Arrays.copyOf(members, 2 * count);
                }
                members[count] = connection;
                connection.place(count);
                count++;
            } finally {
                lock.unlock();
            }
            schedule(false);
        }

        void remove(Member connection) {
            lock.lock();
            try {
                int place = connection.place();
                if (place >= count || !Objects.equals(members[place], connection)) {
                    return;
                }
                count--;
                Member last = members[count];
                members[count] = null;
                if (last != null && place < count) {
                    members[place] = last;
                    last.place(place);
                }
                if (members.length > LEAST_ROOM && count < members.length / 4) {
                    members = Arrays.copyOf(members, members.length / 2);
                }
            } finally {
                lock.unlock();
            }
        }

        /** Looks at all, the last first: whoever leaves meanwhile gives its place to one that was looked at. */
        private void lookAtAll(long ofTurn) {
            if (!isCurrent(ofTurn)) {
                return;
            }
            try {
                long now = time.nanoTime();
                int place = size();
                while (place > 0) {
                    place--;
                    Member member = at(place);
                    if (member != null) {
                        look(member, now);
                    }
                }
            } catch (Throwable e) {
                log.warn("a round of looks at connections was cut short", e);
            } finally {
                schedule(true);
            }
        }

        private boolean isCurrent(long ofTurn) {
            lock.lock();
            try {
                return running && turn == ofTurn;
            } finally {
                lock.unlock();
            }
        }

        private int size() {
            lock.lock();
            try {
                return count;
            } finally {
                lock.unlock();
            }
        }

        private @Nullable Member at(int place) {
            lock.lock();
            try {
                return place < count ? members[place] : null;
            } finally {
                lock.unlock();
            }
        }

        /** Sets the timer if there are members, and none is set or {@code again}, at the end of a look. */
        private void schedule(boolean again) {
            long next;
            lock.lock();
            try {
                if (running && !again) {
                    return;
                }
                running = count > 0;
                if (!running) {
                    return;
                }
                turn++;
                next = turn;
            } finally {
                lock.unlock();
            }
            try {
                TimeSource.Timer _ = time.schedule(period, () -> lookAtAll(next));
            } catch (Throwable e) { // No thread for a timer: the next connection tries again.
                giveUp(next);
                log.warn("time-outs are not looked at for want of a timer", e);
            }
        }

        private void giveUp(long ofTurn) {
            lock.lock();
            try {
                if (turn == ofTurn) {
                    running = false;
                }
            } finally {
                lock.unlock();
            }
        }
    }
}
