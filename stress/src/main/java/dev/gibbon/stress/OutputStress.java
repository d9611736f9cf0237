// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.stress;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;

import dev.gibbon.ConnectionOptions;
import dev.gibbon.StressedConnection;
import java.util.Arrays;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.LLL_Result;

/** Writers, room, interrupts and the end, in all orders: whole messages leave, once, and nobody is left parked. */
public class OutputStress {
    private static final int FRAME = 2 + 20;

    private static byte[] payload(int sign) {
        byte[] payload = new byte[20];
        Arrays.fill(payload, (byte) sign);
        return payload;
    }

    /** {@return the signs of the frames that were written, X for what is none} */
    private static String frames(byte[] written) {
        StringBuilder signs = new StringBuilder();
        for (int at = 0; at < written.length; ) {
            if (written[at] == (byte) 0x88) {
                signs.append('C');
                at += 2 + written[at + 1];
            } else if (at + FRAME <= written.length
                    && written[at] == (byte) 0x82
                    && Arrays.equals(Arrays.copyOfRange(written, at + 2, at + FRAME), payload(written[at + 2]))) {
                signs.append((char) written[at + 2]);
                at += FRAME;
            } else {
                return signs.append('X').toString();
            }
        }
        return signs.toString();
    }

    private static void end(StressedConnection stressed, LLL_Result r) {
        stressed.connection().abort();
        if (!stressed.ends()) {
            r.r3 = r.r3 + " left over";
        }
    }

    /** Two writers and what the peer asks for. */
    @JCStressTest
    @Outcome(
            id = {"w, w, ab", "w, w, ba"},
            expect = ACCEPTABLE,
            desc = "both, whole")
    @State
    public static class TwoWriters {
        private final StressedConnection stressed = StressedConnection.open(ConnectionOptions.defaults());

        @Actor
        public void first(LLL_Result r) {
            r.r1 = Wire.write(stressed, () -> stressed.connection().writeBinary(payload('a')));
        }

        @Actor
        public void second(LLL_Result r) {
            r.r2 = Wire.write(stressed, () -> stressed.connection().writeBinary(payload('b')));
        }

        @Arbiter
        public void after(LLL_Result r) {
            r.r3 = frames(stressed.written(2 * FRAME));
            end(stressed, r);
        }
    }

    /** A write that is stuck, and an interrupt; the payload is the caller's again, and it uses it. */
    public static class Stuck {
        final StressedConnection stressed = StressedConnection.withRoom(3);

        void write(LLL_Result r) {
            byte[] callers = payload('a');
            r.r1 = Wire.write(stressed, () -> stressed.connection().writeBinary(callers));
            Arrays.fill(callers, (byte) 'z');
        }

        void expectWritten(LLL_Result r) {
            r.r3 = frames(stressed.written(FRAME));
            end(stressed, r);
        }
    }

    /** Room that comes, then an interrupt. */
    @JCStressTest
    @Outcome(
            id = {"w, null, a", "i, null, a"},
            expect = ACCEPTABLE,
            desc = "sent whole, interrupted or not")
    @State
    public static class RoomInterrupt extends Stuck {
        @Actor
        public void writer(LLL_Result r) {
            write(r);
        }

        @Actor
        public void others() {
            stressed.makeRoom();
            stressed.interrupt();
        }

        @Arbiter
        public void after(LLL_Result r) {
            expectWritten(r);
        }
    }

    /** An interrupt, then room. */
    @JCStressTest
    @Outcome(
            id = {"w, null, a", "i, null, a"},
            expect = ACCEPTABLE,
            desc = "sent whole, interrupted or not")
    @State
    public static class InterruptRoom extends Stuck {
        @Actor
        public void writer(LLL_Result r) {
            write(r);
        }

        @Actor
        public void others() {
            stressed.interrupt();
            stressed.makeRoom();
        }

        @Arbiter
        public void after(LLL_Result r) {
            expectWritten(r);
        }
    }

    /** A stuck write, another behind it, and room. */
    @JCStressTest
    @Outcome(
            id = {"w, w, ab", "w, w, ba"},
            expect = ACCEPTABLE,
            desc = "both, whole")
    @State
    public static class StuckBehindEachOther {
        private final StressedConnection stressed = StressedConnection.withRoom(3);

        @Actor
        public void first(LLL_Result r) {
            r.r1 = Wire.write(stressed, () -> stressed.connection().writeBinary(payload('a')));
        }

        @Actor
        public void second(LLL_Result r) {
            Thread _ = Thread.startVirtualThread(stressed::makeRoom);
            r.r2 = Wire.write(stressed, () -> stressed.connection().writeBinary(payload('b')));
        }

        @Arbiter
        public void after(LLL_Result r) {
            r.r3 = frames(stressed.written(2 * FRAME));
            end(stressed, r);
        }
    }

    /** A write as our side begins to close. */
    @JCStressTest
    @Outcome(id = "w, null, aC", expect = ACCEPTABLE, desc = "before the Close frame")
    @Outcome(id = "c, null, C", expect = ACCEPTABLE, desc = "refused behind it")
    @State
    public static class WriteClose {
        private final StressedConnection stressed = StressedConnection.open(ConnectionOptions.defaults());

        @Actor
        public void write(LLL_Result r) {
            r.r1 = Wire.write(stressed, () -> stressed.connection().writeBinary(payload('a')));
        }

        @Actor
        public void close() {
            stressed.closeLater();
        }

        @Arbiter
        public void after(LLL_Result r) {
            r.r3 = frames(stressed.written("w".equals(r.r1) ? FRAME + 4 : 4));
            end(stressed, r);
        }
    }

    /** A write that is stuck as our side drops the connection. */
    @JCStressTest
    @Outcome(id = "c, null, gone", expect = ACCEPTABLE, desc = "told")
    @State
    public static class StuckAbort {
        private final StressedConnection stressed = StressedConnection.withRoom(3);

        @Actor
        public void write(LLL_Result r) {
            r.r1 = Wire.write(stressed, () -> stressed.connection().writeBinary(payload('a')));
        }

        @Actor
        public void abort() {
            stressed.connection().abort();
        }

        @Arbiter
        public void after(LLL_Result r) {
            r.r3 = stressed.ends() ? "gone" : "left over";
        }
    }
}
