// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.server;

import dev.gibbon.connection.MessageQuota;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * The places that one connection has among those of its address and its user, to be given back at its end. Any thread
 * once it is whole.
 */
public final class Admission {
    /** That of a transport that is not counted. */
    static final Admission NOT_COUNTED = new Admission();

    /** What gives the places back. */
    private final List<Runnable> places = new ArrayList<>(2);

    private final List<MessageQuota> quotas = new ArrayList<>(2);
    private final AtomicBoolean closed = new AtomicBoolean();

    /** Without a place yet. */
    Admission() {}

    /** Takes another place; {@return whether there was one} */
    <K> boolean take(Accounts<K> accounts, K client) {
        Accounts.Account account = accounts.open(client);
        if (account == null) {
            return false;
        }
        places.add(() -> accounts.close(client));
        if (account.messages() != null) {
            quotas.add(account.messages());
        }
        return true;
    }

    /** The connection comes by a transport that has places already. */
    void share(Admission transports) {
        quotas.addAll(transports.quotas);
    }

    boolean isCounted() {
        return !places.isEmpty();
    }

    /** {@return what its messages have to wait for} */
    List<MessageQuota> quotas() {
        return quotas;
    }

    /** Gives all back, once. */
    void close() {
        if (closed.compareAndSet(false, true)) {
            places.forEach(Runnable::run);
        }
    }
}
