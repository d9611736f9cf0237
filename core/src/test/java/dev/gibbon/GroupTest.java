// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.testkit.TransportPair;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;

/** Who is in a group, on every face and while connections move from one to another. */
@Timeout(300)
class GroupTest {
    private static final PreparedMessage HELLO = PreparedMessage.text("hello");

    private final Group group = new Group();

    private static void end(Rig rig, Rig.Other... others) throws Exception {
        for (Rig.Other other : others) {
            other.connection().abort();
            other.peer().close();
        }
        rig.connection.abort();
        Rig.End _ = rig.end(rig.read());
        rig.expectAllGivenBack();
    }

    /** A message behind the broadcast shows that it came once. */
    private void expectOnce(Rig.Other member, String text) throws IOException {
        group.broadcast(PreparedMessage.text(text));
        group.broadcast(PreparedMessage.text("behind it"));
        member.peer().expectText(text);
        member.peer().expectText("behind it");
    }

    @ParameterizedTest
    @Sides
    void memberGetsWhatIsBroadcastUntilItLeaves(Side side) throws Exception {
        try (Rig rig = new Rig(side)) {
            Rig.Other member = rig.other(ConnectionOptions.defaults());
            Rig.Other stranger = rig.other(ConnectionOptions.defaults());
            if (side.face() != Face.PULL) {
                member.connection().listen(new Probe());
                stranger.connection().listen(new Probe());
            }
            group.join(member.connection());
            assertTrue(group.contains(member.connection()));
            assertFalse(group.contains(stranger.connection()));
            assertEquals(1, group.size());
            expectOnce(member, "to the member");
            group.leave(member.connection());
            group.leave(stranger.connection());
            assertEquals(0, group.size());
            assertFalse(group.contains(member.connection()));
            group.broadcast(HELLO);
            member.connection().writeText("nothing before this");
            member.peer().expectText("nothing before this");
            stranger.connection().writeText("nor this");
            stranger.peer().expectText("nor this");
            end(rig, member, stranger);
        }
    }

    @ParameterizedTest
    @Sides
    void memberThatJoinsTwiceIsInOnce(Side side) throws Exception {
        try (Rig rig = new Rig(side)) {
            Rig.Other member = rig.other(ConnectionOptions.defaults());
            if (side.face() != Face.PULL) {
                member.connection().listen(new Probe());
            }
            group.join(member.connection());
            group.join(member.connection());
            assertEquals(1, group.size());
            expectOnce(member, "once");
            group.leave(member.connection());
            assertEquals(0, group.size());
            end(rig, member);
        }
    }

    @ParameterizedTest
    @Sides(
            of = {Face.THREAD, Face.LOOP},
            because = "only a listener is given the connection")
    void memberThatJoinsBeforeAndAfterItIsGivenToAListenerIsInOnce(Side side) throws Exception {
        try (Rig rig = new Rig(side)) {
            Rig.Other member = rig.other(ConnectionOptions.defaults());
            group.join(member.connection());
            Probe probe = new Probe(new Probe.Script() {
                @Override
                void open(Connection connection) {
                    group.join(connection);
                }
            });
            member.connection().listen(probe);
            Rig.await(() -> probe.calls.contains("open"), () -> "not open");
            assertEquals(1, group.size());
            expectOnce(member, "once");
            group.leave(member.connection());
            assertEquals(0, group.size());
            assertFalse(group.contains(member.connection()));
            end(rig, member);
        }
    }

    @ParameterizedTest
    @Sides
    void memberThatEndsLeaves(Side side) throws Exception {
        try (Rig rig = new Rig(side)) {
            Rig.Other before = rig.other(ConnectionOptions.defaults());
            group.join(before.connection());
            if (side.face() != Face.PULL) {
                before.connection().listen(new Probe());
            }
            before.connection().abort();
            assertEquals(0, group.size());
            group.join(before.connection()); // It is closed, so nothing happens.
            assertEquals(0, group.size());
            assertFalse(group.contains(before.connection()));
            group.broadcast(HELLO);
            end(rig, before);
        }
    }

    @ParameterizedTest
    @Sides
    void predicateChooses(Side side) throws Exception {
        try (Rig rig = new Rig(side)) {
            Rig.Other sender = rig.other(ConnectionOptions.defaults());
            Rig.Other other = rig.other(ConnectionOptions.defaults());
            for (Rig.Other member : List.of(sender, other)) {
                if (side.face() != Face.PULL) {
                    member.connection().listen(new Probe());
                }
                group.join(member.connection());
            }
            group.broadcast(HELLO, member -> member != sender.connection());
            other.peer().expectText("hello");
            group.broadcast(PreparedMessage.text("to both"));
            sender.peer().expectText("to both");
            other.peer().expectText("to both");
            end(rig, sender, other);
        }
    }

    @ParameterizedTest
    @Sides
    void iterationShowsTheMembersAndRemovesNone(Side side) throws Exception {
        try (Rig rig = new Rig(side)) {
            Rig.Other one = rig.other(ConnectionOptions.defaults());
            Rig.Other other = rig.other(ConnectionOptions.defaults());
            assertFalse(group.iterator().hasNext());
            group.join(one.connection());
            group.join(other.connection());
            Set<Connection> shown = new HashSet<>();
            for (Connection member : group) {
                assertTrue(shown.add(member));
                group.leave(member); // Which does not trouble the iteration.
            }
            assertEquals(Set.of(one.connection(), other.connection()), shown);
            assertEquals(0, group.size());
            group.join(one.connection());
            Iterator<Connection> all = group.iterator();
            assertEquals(one.connection(), all.next());
            assertThrows(UnsupportedOperationException.class, all::remove);
            assertTrue(group.contains(one.connection()));
            end(rig, one, other);
        }
    }

    @ParameterizedTest
    @Sides
    void closeDoesTheClosingHandshakeWithAllBehindWhatWasBroadcast(Side side) throws Exception {
        try (Rig rig = new Rig(side)) {
            Rig.Other one = rig.other(ConnectionOptions.defaults());
            Rig.Other other = rig.other(ConnectionOptions.defaults());
            for (Rig.Other member : List.of(one, other)) {
                if (side.face() != Face.PULL) {
                    member.connection().listen(new Probe());
                }
                group.join(member.connection());
            }
            group.broadcast(HELLO);
            group.close(new CloseCode(4001), "the room is closed"); // Neither peer has answered.
            group.close(); // And nothing more is said.
            for (Rig.Other member : List.of(one, other)) {
                member.peer().expectText("hello");
                member.peer().expectClose(4001, "the room is closed");
                assertEquals(ConnectionState.CLOSING, member.connection().state());
                assertTrue(group.contains(member.connection()));
                member.peer().sendClose(4001, "");
                member.peer().close();
                assertEquals(
                        4001,
                        member.connection()
                                .closed()
                                .get(60, TimeUnit.SECONDS)
                                .code()
                                .value());
                assertFalse(group.contains(member.connection()));
            }
            end(rig);
        }
    }

    @ParameterizedTest
    @Sides
    void whoJoinsAClosedGroupIsClosedAsTheOthersWere(Side side) throws Exception {
        try (Rig rig = new Rig(side)) {
            group.close();
            Rig.Other late = rig.other(ConnectionOptions.defaults());
            group.join(late.connection());
            late.peer().expectClose(1001);
            late.peer().sendClose(1001, "");
            late.peer().close();
            late.connection().lifecycle().awaitClosed(Duration.ofSeconds(60));
            assertEquals(0, group.size());
            end(rig);
        }
    }

    @Test
    void closeRefusesWhatMustNotBeSentAndClosesNothing() throws Exception {
        try (Rig rig = new Rig(new Side(Face.PULL, Role.SERVER))) {
            group.join(rig.connection);
            assertThrows(IllegalArgumentException.class, () -> group.close(new CloseCode(1006), ""));
            assertThrows(IllegalArgumentException.class, () -> group.close(CloseCode.NORMAL, "x".repeat(124)));
            assertThrows(NullPointerException.class, () -> group.close(null, ""));
            assertThrows(NullPointerException.class, () -> group.join(null));
            group.broadcast(HELLO);
            rig.peer.expectText("hello");
            group.leave(rig.connection);
        }
    }

    @Test
    void whatMembersMissIsCountedForAllOfThem() throws Exception {
        ConnectionOptions small = ConnectionOptions.builder()
                .maxQueuedBytes(1000, QueuePolicy.BLOCK)
                .build();
        PreparedMessage large = PreparedMessage.binary(new byte[2000]);
        try (Rig rig = new Rig(
                Role.SERVER, small, TransportPair.builder().capacity(100).build())) {
            group.join(rig.connection);
            assertEquals(0, group.missedBroadcasts());
            int missed = 0;
            while (missed < 3) {
                missed += group.broadcast(large);
            }
            assertEquals(3, group.missedBroadcasts());
            assertEquals(3, rig.connection.missedBroadcasts());
            group.leave(rig.connection);
            assertEquals(3, group.missedBroadcasts());
        }
    }

    @Test
    void connectionIsInManyGroupsAndLeavesAll() throws Exception {
        List<Group> groups = new ArrayList<>();
        try (Rig rig = new Rig(new Side(Face.LOOP, Role.SERVER))) {
            Rig.Other member = rig.other(ConnectionOptions.defaults());
            for (int i = 0; i < 20; i++) {
                groups.add(new Group());
                groups.get(i).join(member.connection());
                if (i == 9) {
                    member.connection().listen(new Probe());
                }
            }
            for (int i = 0; i < 20; i++) {
                groups.get(i).broadcast(PreparedMessage.text("group " + i));
                member.peer().expectText("group " + i);
            }
            member.connection().abort();
            for (Group each : groups) {
                assertEquals(0, each.size());
            }
            end(rig, member);
        }
    }

    /** Whichever comes first: a member that moves to a loop gets each broadcast once, and none is lost. */
    @ParameterizedTest
    @Sides(of = Face.LOOP, because = "only these move")
    void memberThatMovesWhileOthersBroadcastGetsEachMessageOnce(Side side) throws Exception {
        try (Rig rig = new Rig(side)) {
            for (int round = 0; round < 20; round++) {
                Rig.Other member = rig.other(ConnectionOptions.defaults());
                Rig.Other onLoop = rig.other(ConnectionOptions.defaults());
                onLoop.connection().listen(new Probe()); // So that the loop has members, and tasks for them.
                Group moving = new Group();
                moving.join(member.connection());
                moving.join(onLoop.connection());
                AtomicBoolean over = new AtomicBoolean();
                Rig.Task<Integer> broadcasting = Rig.start(() -> {
                    int count = 0;
                    while (!over.get() && count < 2000) {
                        moving.broadcast(PreparedMessage.text("message " + count));
                        count++;
                        LockSupport.parkNanos(1000);
                    }
                    return count;
                });
                Probe probe = new Probe();
                member.connection().listen(probe);
                Rig.await(() -> probe.calls.contains("open"), () -> "not open");
                moving.join(member.connection());
                over.set(true);
                int count = broadcasting.get();
                for (int i = 0; i < count; i++) {
                    onLoop.peer().expectText("message " + i);
                }
                expectEachOnce(member, count, moving);
                assertEquals(2, moving.size());
                member.connection().abort();
                member.peer().close();
                onLoop.connection().abort();
                onLoop.peer().close();
            }
            end(rig);
        }
    }

    /** They may come out of order, from before and after the move; nothing follows them but what is broadcast then. */
    private static void expectEachOnce(Rig.Other member, int count, Group moving) {
        Set<String> seen = new HashSet<>();
        for (int i = 0; i < count; i++) {
            String text = new String(member.peer().expectFrame().payload(), StandardCharsets.UTF_8);
            assertTrue(seen.add(text), "twice: " + text);
        }
        moving.broadcast(PreparedMessage.text("behind them"));
        member.peer().expectText("behind them");
    }
}
