// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.server;

import dev.gibbon.TimeSource;
import dev.gibbon.connection.MessageQuota;
import dev.gibbon.support.Rate;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * What clients have of what each may have, by address or by user. Who has nothing open and took nothing lately is
 * forgotten; so are all who have nothing open, should there be very many of them, whatever they took. So what is kept
 * is bounded by the connections that are open, and by a constant. Any thread.
 *
 * @param <K> what clients are told apart by
 */
final class Accounts<K> {
    /** How many that have nothing open are kept at most, between two looks at all. */
    static final int MAX_IDLE = 65_536;

    private static final int LEAST_SWEPT = 1024;

    /** One client's. */
    static final class Account {
        /** How many connections it has open; guarded by the place in the map. */
        private int open;

        private final AtomicLong handshakes;
        private final @Nullable MessageQuota messages;

        private Account(@Nullable MessageQuota messages, long now) {
            this.handshakes = new AtomicLong(now);
            this.messages = messages;
        }

        /** {@return what bounds its messages; null if nothing does} */
        @Nullable
        MessageQuota messages() {
            return messages;
        }

        private boolean isForgettable(long now) {
            return open == 0 && handshakes.get() - now <= 0 && (messages == null || messages.isUnused(now));
        }
    }

    private final Limits limits;
    private final Function<? super K, String> names;
    private final TimeSource time;
    private final ConcurrentMap<K, Account> accounts = new ConcurrentHashMap<>();

    /** From how many accounts on to look which can be forgotten. */
    private volatile int sweptFrom = LEAST_SWEPT;

    private final AtomicBoolean sweeping = new AtomicBoolean();

    /**
     * There are none yet.
     *
     * @param names who a client is, for the log, such as {@code one address}
     */
    Accounts(Limits limits, Function<? super K, String> names, TimeSource time) {
        this.limits = limits;
        this.names = names;
        this.time = time;
    }

    private Account account(K client, long now) {
        MessageQuota.Terms terms = limits.messages();
        return new Account(terms == null ? null : new MessageQuota(terms, names.apply(client), now), now);
    }

    /** {@return whether a client may do another opening handshake now} */
    boolean takeHandshake(K client) {
        Rate rate = limits.handshakes();
        if (rate == null) {
            return true;
        }
        long now = time.nanoTime();
        Account account = accounts.computeIfAbsent(client, _ -> account(client, now));
        boolean taken = rate.take(account.handshakes, now);
        sweepIfDue(now);
        return taken;
    }

    /** {@return the account of a client that has one more connection now; null if it may not} */
    @Nullable
    Account open(K client) {
        long now = time.nanoTime();
        boolean[] opened = new boolean[1];
        Account account = accounts.compute(client, (_, known) -> {
            Account counted = known == null ? account(client, now) : known;
            opened[0] = counted.open < limits.connections();
            counted.open += opened[0] ? 1 : 0;
            return counted;
        });
        sweepIfDue(now);
        return opened[0] ? account : null;
    }

    /** A connection that was counted has ended. */
    void close(K client) {
        long now = time.nanoTime();
        Account _ = accounts.computeIfPresent(client, (_, account) -> {
            account.open--;
            return account.isForgettable(now) ? null : account;
        });
    }

    /** {@return why a client may not open another} */
    String tooManyOpen(K client) {
        return limits.connections() + " connections of " + names.apply(client) + " are open";
    }

    /** {@return why a client may not do another opening handshake} */
    String tooManyHandshakes(K client) {
        Rate rate = limits.handshakes();
        return "more than " + (rate == null ? 0 : rate.perSecond()) + " opening handshakes a second of "
                + names.apply(client);
    }

    /** {@return how many accounts are kept} */
    int size() {
        return accounts.size();
    }

    /** Looks at all now and then, so seldom that it costs a constant for each that is added. */
    private void sweepIfDue(long now) {
        if (accounts.size() < sweptFrom || !sweeping.compareAndSet(false, true)) {
            return;
        }
        try {
            int idle = forget(now, false);
            if (idle > MAX_IDLE) {
                int _ = forget(now, true);
            }
            sweptFrom = LEAST_SWEPT + 2 * accounts.size();
        } finally {
            sweeping.set(false);
        }
    }

    /** {@return how many are left that have nothing open} */
    private int forget(long now, boolean all) {
        int idle = 0;
        for (K client : accounts.keySet()) {
            Account left = accounts.computeIfPresent(
                    client, (_, account) -> account.isForgettable(now) || (all && account.open == 0) ? null : account);
            idle += left != null && left.open == 0 ? 1 : 0;
        }
        return idle;
    }
}
