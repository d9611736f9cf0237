// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.stress;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;

import dev.gibbon.ConnectionOptions;
import dev.gibbon.InterruptedCallException;
import dev.gibbon.Message;
import dev.gibbon.MessageReader;
import dev.gibbon.ReadTimeoutException;
import dev.gibbon.StressedConnection;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.L_Result;

/** Put, take, park, interrupt, close, time-out, in all orders: nothing is lost, and nobody is left parked. */
public class MailboxStress {
    /** What the states share. */
    public static class Mail {
        final StressedConnection stressed;

        Mail() {
            this(ConnectionOptions.defaults().maxReadAheadBytes());
        }

        Mail(int bound) {
            stressed = StressedConnection.open(
                    ConnectionOptions.builder().maxReadAheadBytes(bound).build());
        }

        void end(L_Result r) {
            stressed.connection().abort();
            if (!stressed.ends()) {
                r.r1 = r.r1 + " left over";
            }
        }
    }

    /** A reader that parks, or does not, as a message comes. */
    @JCStressTest
    @Outcome(id = "a", expect = ACCEPTABLE, desc = "read")
    @State
    public static class PutTake extends Mail {
        @Actor
        public void put() {
            stressed.feed(Wire.message('a'));
        }

        @Actor
        public void take(L_Result r) {
            r.r1 = Wire.read(stressed);
        }

        @Arbiter
        public void after(L_Result r) {
            end(r);
        }
    }

    /** The same, and somebody interrupts it. */
    public static class Interrupted extends Mail {
        void take(L_Result r) {
            try {
                Message message =
                        stressed.interruptibly(() -> stressed.connection().readMessage(StressedConnection.AT_LAST));
                r.r1 = message == null ? "-" : Wire.sign(message);
            } catch (InterruptedCallException e) {
                r.r1 = "i";
            } catch (IOException e) {
                r.r1 = "X";
            }
        }

        void takeAgain(L_Result r) {
            if ("i".equals(r.r1)) {
                r.r1 = "i" + Wire.read(stressed);
            }
            end(r);
        }
    }

    /** An interrupt behind a message. */
    @JCStressTest
    @Outcome(id = "a", expect = ACCEPTABLE, desc = "read")
    @Outcome(id = "ia", expect = ACCEPTABLE, desc = "interrupted, and read by the next call")
    @State
    public static class PutInterrupt extends Interrupted {
        @Actor
        public void put() {
            stressed.feed(Wire.message('a'));
            stressed.interrupt();
        }

        @Actor
        public void reader(L_Result r) {
            take(r);
        }

        @Arbiter
        public void after(L_Result r) {
            takeAgain(r);
        }
    }

    /** An interrupt before a message. */
    @JCStressTest
    @Outcome(id = "a", expect = ACCEPTABLE, desc = "read")
    @Outcome(id = "ia", expect = ACCEPTABLE, desc = "interrupted, and read by the next call")
    @State
    public static class InterruptPut extends Interrupted {
        @Actor
        public void put() {
            stressed.interrupt();
            stressed.feed(Wire.message('a'));
        }

        @Actor
        public void reader(L_Result r) {
            take(r);
        }

        @Arbiter
        public void after(L_Result r) {
            takeAgain(r);
        }
    }

    /** The same, and its time is up at about that moment. */
    @JCStressTest
    @Outcome(id = "a", expect = ACCEPTABLE, desc = "read")
    @Outcome(id = "ta", expect = ACCEPTABLE, desc = "too late, and read by the next call")
    @State
    public static class PutTakeTimeout extends Mail {
        @Actor
        public void put() {
            stressed.feed(Wire.message('a'));
        }

        @Actor
        public void take(L_Result r) {
            try {
                Message message = stressed.connection().readMessage(Duration.ofNanos(20_000));
                r.r1 = message == null ? "-" : Wire.sign(message);
            } catch (ReadTimeoutException e) {
                r.r1 = "t";
            } catch (IOException e) {
                r.r1 = "X";
            }
        }

        @Arbiter
        public void after(L_Result r) {
            if ("t".equals(r.r1)) {
                r.r1 = "t" + Wire.read(stressed);
            }
            end(r);
        }
    }

    /** More than is read ahead: reading pauses, and the reader has it go on. */
    @JCStressTest
    @Outcome(id = "abcd", expect = ACCEPTABLE, desc = "all, in order")
    @State
    public static class PutBeyondTheBound extends Mail {
        public PutBeyondTheBound() {
            super(100);
        }

        @Actor
        public void put() {
            for (char sign = 'a'; sign <= 'd'; sign++) {
                stressed.feed(Wire.message(sign));
            }
        }

        @Actor
        public void take(L_Result r) {
            StringBuilder all = new StringBuilder();
            for (int i = 0; i < 4; i++) {
                all.append(Wire.read(stressed));
            }
            r.r1 = all.toString();
        }

        @Arbiter
        public void after(L_Result r) {
            end(r);
        }
    }

    /** A reader that comes to stream a message as its first part is put together, and the next one whole. */
    @JCStressTest
    @Outcome(id = "20 b", expect = ACCEPTABLE, desc = "all of it, and the next")
    @State
    public static class PutTakePieces extends Mail {
        @Actor
        public void put() {
            stressed.feed(Wire.first('a'));
            stressed.feed(Wire.last('a'));
            stressed.feed(Wire.message('b'));
        }

        @Actor
        public void take(L_Result r) {
            try {
                r.r1 = streamed() + " " + Wire.read(stressed);
            } catch (IOException e) {
                r.r1 = "X";
            }
        }

        private int streamed() throws IOException {
            int bytes = 0;
            MessageReader reader = stressed.connection().nextReader(StressedConnection.AT_LAST);
            if (reader != null) {
                MessageReader timed = reader.timeout(StressedConnection.AT_LAST);
                ByteBuffer buffer = ByteBuffer.allocate(7);
                for (int n = timed.read(buffer); n >= 0; n = timed.read(buffer.clear())) {
                    bytes += n;
                }
            }
            return bytes;
        }

        @Arbiter
        public void after(L_Result r) {
            end(r);
        }
    }

    /** The peer closes behind a message. */
    @JCStressTest
    @Outcome(id = "a-", expect = ACCEPTABLE, desc = "the message and a clean end")
    @State
    public static class PutCloseTake extends Mail {
        @Actor
        public void put() {
            stressed.feed(Wire.message('a'));
            stressed.feed(Wire.close());
        }

        @Actor
        public void take(L_Result r) {
            r.r1 = Wire.read(stressed) + Wire.read(stressed);
        }

        @Arbiter
        public void after(L_Result r) {
            end(r);
        }
    }

    /** Our side drops the connection under a reader. */
    @JCStressTest
    @Outcome(id = "aC", expect = ACCEPTABLE, desc = "the message came first")
    @Outcome(id = "CC", expect = ACCEPTABLE, desc = "the end came first")
    @State
    public static class PutTakeAbort extends Mail {
        @Actor
        public void put() {
            stressed.feed(Wire.message('a'));
            stressed.connection().abort();
        }

        @Actor
        public void take(L_Result r) {
            r.r1 = Wire.read(stressed) + Wire.read(stressed);
        }

        @Arbiter
        public void after(L_Result r) {
            end(r);
        }
    }
}
