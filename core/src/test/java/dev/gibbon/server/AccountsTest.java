// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.connection.MessageQuota;
import dev.gibbon.support.Rate;
import dev.gibbon.testkit.ManualClock;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnixDomainSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What clients have of what they may have, and how much of them is kept. */
class AccountsTest {
    private final ManualClock clock = new ManualClock();

    private Accounts<Integer> accounts(int connections, int handshakes) {
        return new Accounts<>(
                new Limits(connections, handshakes == 0 ? null : new Rate(handshakes, handshakes), null),
                client -> "client " + client,
                clock);
    }

    private static Accounts.Account opened(Accounts<Integer> accounts, int client) {
        Accounts.Account account = accounts.open(client);
        assertNotNull(account);
        return account;
    }

    @Test
    void soManyMayBeOpenAndAnotherOnceOneHasEnded() {
        Accounts<Integer> accounts = accounts(2, 0);
        assertSame(opened(accounts, 1), opened(accounts, 1));
        assertNull(accounts.open(1));
        assertNotNull(opened(accounts, 2));
        accounts.close(1);
        assertNotNull(opened(accounts, 1));
        assertNull(accounts.open(1));
    }

    @Test
    void whoHasNothingAndTookNothingLatelyIsForgotten() {
        Accounts<Integer> accounts = accounts(2, 1);
        assertNotNull(opened(accounts, 1));
        accounts.close(1);
        assertEquals(0, accounts.size());
        assertTrue(accounts.takeHandshake(2));
        assertNotNull(opened(accounts, 2));
        accounts.close(2);
        assertEquals(1, accounts.size());
        assertFalse(accounts.takeHandshake(2), "the end of a connection gives no handshake back");
        clock.advance(Duration.ofSeconds(1));
        assertTrue(accounts.takeHandshake(2));
    }

    @Test
    void whoSentMessagesLatelyIsRemembered() {
        MessageQuota.Terms terms = new MessageQuota.Terms(new Rate(1, 1), null, false);
        Accounts<Integer> accounts = new Accounts<>(new Limits(1, null, terms), _ -> "one", clock);
        MessageQuota quota = opened(accounts, 1).messages();
        assertNotNull(quota);
        assertTrue(quota.isUnused(clock.nanoTime()));
        accounts.close(1);
        assertEquals(0, accounts.size());
    }

    @Test
    void whyIsSaidWithTheLimit() {
        Accounts<Integer> accounts = accounts(2, 3);
        assertEquals("2 connections of client 7 are open", accounts.tooManyOpen(7));
        assertEquals("more than 3 opening handshakes a second of client 7", accounts.tooManyHandshakes(7));
    }

    @Test
    void aMillionClientsThatComeAndGoLeaveLittle() {
        Accounts<Integer> accounts = accounts(1, 1);
        int most = 0;
        for (int client = 0; client < 1_000_000; client++) {
            assertTrue(accounts.takeHandshake(client));
            if (client % 100 == 0) {
                clock.advance(Duration.ofMillis(1));
                most = Math.max(most, accounts.size());
            }
        }
        // A second's worth is remembered, and found again in time.
        assertTrue(most < 3 * 100_000 + 2048, most + " accounts");
    }

    @Test
    void aFloodOfClientsAtOneMomentIsBoundedAndTakesNothingFromThoseThatAreOpen() {
        Accounts<Integer> accounts = accounts(1, 1);
        List<Accounts.Account> open = new ArrayList<>();
        for (int client = -1; client >= -100; client--) {
            open.add(opened(accounts, client));
        }
        int most = 0;
        for (int client = 0; client < 1_000_000; client++) {
            assertTrue(accounts.takeHandshake(client));
            most = Math.max(most, accounts.size());
        }
        assertTrue(most < 3 * Accounts.MAX_IDLE, most + " accounts");
        for (int client = -1; client >= -100; client--) {
            assertNull(accounts.open(client), "it is forgotten that one is open");
        }
        assertEquals(100, open.size());
    }

    @Test
    void manyThreadsNeverOpenMoreThanThereMayBe() throws Exception {
        Accounts<Integer> accounts = accounts(3, 0);
        AtomicInteger open = new AtomicInteger();
        AtomicInteger tooMany = new AtomicInteger();
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            threads.add(Thread.ofPlatform().start(() -> {
                for (int round = 0; round < 5_000; round++) {
                    Accounts.@Nullable Account account = accounts.open(7);
                    if (account != null) {
                        tooMany.addAndGet(open.incrementAndGet() > 3 ? 1 : 0);
                        int _ = open.decrementAndGet();
                        accounts.close(7);
                    }
                }
            }));
        }
        for (Thread thread : threads) {
            assertTrue(thread.join(Duration.ofSeconds(60)));
        }
        assertEquals(0, tooMany.get());
        assertEquals(0, accounts.size());
    }

    @ParameterizedTest
    @CsvSource({
        "192.0.2.1, 192.0.2.1, true",
        "192.0.2.1, 192.0.2.2, false",
        "2001:db8::1, 2001:db8::ffff:ffff:ffff:ffff, true",
        "2001:db8:0:1::1, 2001:db8::1, false",
        "::c000:201, 192.0.2.1, false",
        "::ffff:192.0.2.1, 192.0.2.1, true"
    })
    void networksAreWhatAnAddressCountsAs(String one, String other, boolean same) throws Exception {
        assertEquals(same, network(one).equals(network(other)));
    }

    private static Network network(String address) throws Exception {
        Network network = Network.of(Optional.of(new InetSocketAddress(InetAddress.getByName(address), 1)));
        assertNotNull(network);
        return network;
    }

    @Test
    void whoHasNoAddressIsNotCounted() {
        assertNull(Network.of(Optional.empty()));
        assertNull(Network.of(Optional.of(UnixDomainSocketAddress.of("/tmp/socket"))));
        assertNull(Network.of(Optional.of(InetSocketAddress.createUnresolved("example.org", 1))));
    }
}
