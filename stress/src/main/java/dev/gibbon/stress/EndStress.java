// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.stress;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;

import dev.gibbon.ConnectionOptions;
import dev.gibbon.StressedConnection;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.L_Result;

/** Both sides end, in all orders: the connection is gone, its end told once, and whoever waited goes on. */
public class EndStress {
    /** The peer's Close frame, ours, and the end of the stream. */
    @JCStressTest
    @Outcome(
            id = {"1000", "1006"},
            expect = ACCEPTABLE,
            desc = "gone; what was seen of the peer's Close depends")
    @State
    public static class CloseCloseEnd {
        private final StressedConnection stressed = StressedConnection.open(ConnectionOptions.defaults());

        @Actor
        public void peerCloses() {
            stressed.feed(Wire.close());
            stressed.endInput();
        }

        @Actor
        public void weClose() {
            stressed.closeLater();
        }

        @Arbiter
        public void after(L_Result r) {
            r.r1 = stressed.ends()
                    ? String.valueOf(
                            stressed.connection().closed().join().code().value())
                    : "left over";
        }
    }

    /** A thread that waits for the end, one that drops the connection, and the peer's Close frame. */
    @JCStressTest
    @Outcome(id = "done", expect = ACCEPTABLE, desc = "told")
    @State
    public static class AwaitAbort {
        private final StressedConnection stressed = StressedConnection.open(ConnectionOptions.defaults());

        @Actor
        public void waits(L_Result r) {
            stressed.connection().close();
            r.r1 = "done";
        }

        @Actor
        public void others() {
            stressed.feed(Wire.close());
            stressed.connection().abort();
        }

        @Arbiter
        public void after(L_Result r) {
            if (!stressed.ends()) {
                r.r1 = "left over";
            }
        }
    }
}
