// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.connection.HoldUp;
import dev.gibbon.connection.Observers;
import dev.gibbon.support.LimitedLog;
import dev.gibbon.testkit.Frame;
import dev.gibbon.testkit.ManualClock;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.logging.LogRecord;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Which code is named when a loop is held up, and when. The time is the test's. */
@Timeout(300)
class HoldUpTest {
    /** A look more than half a second. */
    private static final Duration NAMED = Duration.ofMillis(600);

    private static final Duration NOT_YET = Duration.ofMillis(450);

    /** A listener each of whose calls lasts until the test lets it go. */
    private static final class Holding extends Probe.Script {
        final Semaphore inside = new Semaphore(0);
        final Semaphore gate = new Semaphore(0);

        @Override
        void message(Connection connection, MessageView message) throws IOException {
            inside.release();
            try {
                assertTrue(gate.tryAcquire(Rig.SECONDS, TimeUnit.SECONDS));
            } catch (InterruptedException e) {
                throw new IOException(e);
            }
        }

        void awaitCall() throws InterruptedException {
            assertTrue(inside.tryAcquire(Rig.SECONDS, TimeUnit.SECONDS));
        }
    }

    private static List<LogRecord> holdUps(LogLines lines) {
        return lines.warnings(line -> line.contains("up gibbon-loop-"));
    }

    private static void end(Rig rig) throws Exception {
        rig.connection.abort();
        Rig.End _ = rig.end(rig.read());
        rig.expectAllGivenBack();
    }

    private static boolean hasFrameOf(LogRecord line, Class<?> code) {
        for (StackTraceElement frame : Objects.requireNonNull(line.getThrown()).getStackTrace()) {
            if (frame.getClassName().equals(code.getName())) {
                return true;
            }
        }
        return false;
    }

    @ParameterizedTest
    @EnumSource
    void listenerIsNamedWithItsStackAtHalfASecondOncePerCall(Role role) throws Exception {
        Holding holding = new Holding();
        try (LogLines lines = LogLines.record();
                Rig rig = new Rig(new Side(Face.LOOP, role), ConnectionOptions.defaults(), new Probe(holding))) {
            for (int call = 1; call <= 2; call++) {
                rig.peer.sendText("block");
                holding.awaitCall();
                rig.clock.advance(NOT_YET);
                assertEquals(call - 1, holdUps(lines).size());
                rig.clock.advance(NAMED.minus(NOT_YET));
                assertEquals(call, holdUps(lines).size());
                rig.clock.advance(Duration.ofSeconds(5));
                assertEquals(call, holdUps(lines).size());
                LogRecord line = holdUps(lines).getLast();
                assertTrue(
                        line.getMessage().startsWith("dev.gibbon.Probe holds up gibbon-loop-0 for 5"),
                        line.getMessage());
                assertTrue(hasFrameOf(line, Holding.class));
                holding.gate.release();
                rig.neighbours.echo();
            }
            end(rig);
        }
    }

    /** Both come in one read, so in one turn of the loop. */
    @Test
    void callsThatFollowEachOtherAreTimedOneByOne() throws Exception {
        Holding holding = new Holding();
        try (LogLines lines = LogLines.record();
                Rig rig = new Rig(new Side(Face.LOOP, Role.CLIENT), ConnectionOptions.defaults(), new Probe(holding))) {
            ByteArrayOutputStream both = new ByteArrayOutputStream();
            both.writeBytes(Frame.text("one").encode());
            both.writeBytes(Frame.text("two").encode());
            rig.peer.sendRaw(both.toByteArray());
            for (int call = 0; call < 2; call++) {
                holding.awaitCall();
                rig.clock.advance(NOT_YET);
                holding.gate.release();
            }
            rig.neighbours.echo();
            assertEquals(0, holdUps(lines).size(), () -> "" + lines.messages());
            end(rig);
        }
    }

    @Test
    void whatTheLibraryDoesItselfIsNoListenersFault() throws Exception {
        CountDownLatch busy = new CountDownLatch(1);
        CountDownLatch gate = new CountDownLatch(1);
        Probe echo = new Probe(new Probe.Script() {
            @Override
            void message(Connection connection, MessageView message) throws IOException {
                connection.writeMessage(message);
            }
        });
        try (LogLines lines = LogLines.record();
                Rig rig = new Rig(new Side(Face.LOOP, Role.SERVER), ConnectionOptions.defaults(), echo)) {
            rig.peer.sendText("a call");
            rig.peer.expectText("a call");
            rig.loop.execute(() -> {
                busy.countDown();
                try {
                    boolean _ = gate.await(Rig.SECONDS, TimeUnit.SECONDS);
                } catch (InterruptedException e) {
                    throw new IllegalStateException(e);
                }
            });
            assertTrue(busy.await(Rig.SECONDS, TimeUnit.SECONDS));
            rig.clock.advance(Duration.ofSeconds(5));
            gate.countDown();
            rig.neighbours.echo();
            assertEquals(0, holdUps(lines).size(), () -> "" + lines.messages());
            end(rig);
        }
    }

    /** It ends while the stack is taken, which is another call's then. */
    @Test
    void callThatHasEndedMeanwhileIsNamedWithoutAStack() {
        HoldUp holdUp = new HoldUp();
        Thread ending = new Thread("gibbon-loop-0") {
            @Override
            public StackTraceElement[] getStackTrace() {
                holdUp.end();
                holdUp.begin("the next");
                return new StackTraceElement[0];
            }
        };
        Observers observers = new Observers(List.of(), null, new LimitedLog(new ManualClock()));
        try (LogLines lines = LogLines.record()) {
            holdUp.begin(this);
            holdUp.look(0, ending, observers);
            holdUp.look(NAMED.toNanos(), ending, observers);
            assertEquals(1, holdUps(lines).size());
            assertNull(holdUps(lines).getFirst().getThrown());
            String line = holdUps(lines).getFirst().getMessage();
            assertTrue(line.startsWith(HoldUpTest.class.getName() + " has held up gibbon-loop-0 for 600 ms"), line);
        }
    }
}
