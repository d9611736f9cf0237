// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

class RecorderTest {
    private final Recorder recorder = new Recorder();

    @Test
    void expectsInOrderAcrossThreads() throws Exception {
        Background<Boolean> other = Background.start(() -> {
            recorder.record("open");
            recorder.record("text", "hello");
            recorder.record("close", 1000, "bye");
            return true;
        });
        recorder.expect("open");
        recorder.expect("text", "hello");
        assertEquals(List.of(1000, "bye"), recorder.expectAny("close").details());
        recorder.expectNothingElse();
        assertTrue(other.result());
    }

    @Test
    void comparesBytesAsTheyWereWhenRecorded() {
        byte[] reused = {1, 2};
        recorder.record("binary", (Object) reused);
        recorder.record("binary", ByteBuffer.wrap(reused, 1, 1));
        reused[1] = 9;
        recorder.expect("binary", (Object) new byte[] {1, 2});
        recorder.expect("binary", (Object) new byte[] {2});
    }

    @Test
    void tellsWhatCameInstead() {
        recorder.record("text", "one\n");
        AssertionError wrong = assertThrows(AssertionError.class, () -> recorder.expect("text", "two"));
        assertEquals("expected: text \"two\"\nrecorded so far:\n  1. text \"one\\u000a\"", wrong.getMessage());
    }

    @Test
    void tellsThatNothingCame() {
        Recorder hasty = new Recorder(Duration.ofNanos(1));
        AssertionError none = assertThrows(AssertionError.class, () -> hasty.expect("open"));
        assertTrue(none.getMessage().startsWith("expected: open\nrecorded so far: nothing"), none.getMessage());
    }

    @Test
    void nothingElseMeansNeitherBeforeNorAfter() {
        recorder.record("open");
        assertThrows(AssertionError.class, recorder::expectNothingElse);
        recorder.expect("open");
        recorder.expectNothingElse();
        assertThrows(AssertionError.class, () -> recorder.record("late"));
    }
}
