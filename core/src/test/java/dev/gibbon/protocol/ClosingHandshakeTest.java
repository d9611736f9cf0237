// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.protocol;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.CloseCode;
import dev.gibbon.CloseStatus;
import dev.gibbon.ConnectionState;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ClosingHandshakeTest {
    private static final CloseStatus OURS = new CloseStatus(CloseCode.NORMAL, "ours");
    private static final CloseStatus THEIRS = new CloseStatus(CloseCode.GOING_AWAY, "theirs");
    private static final CloseStatus LATER = new CloseStatus(new CloseCode(4000), "later");

    /** The table in the Javadoc of {@link ClosingHandshake}, row by row; `path` leads to the state. */
    @ParameterizedTest(name = "{0} then {1}: {2}, first: {3}, sent: {4}, received: {5}")
    @CsvSource({
        "'',                  sent,     CLOSING, true,  true,  false",
        "'',                  received, CLOSING, true,  false, true",
        "'',                  lost,     CLOSED,  true,  false, false",
        "sent,                received, CLOSING, true,  true,  true",
        "received,            sent,     CLOSING, true,  true,  true",
        "sent,                lost,     CLOSED,  true,  true,  false",
        "received,            lost,     CLOSED,  true,  false, true",
        "sent received,       lost,     CLOSED,  true,  true,  true",
        "received sent,       lost,     CLOSED,  true,  true,  true",
        "sent,                sent,     CLOSING, false, true,  false",
        "received,            received, CLOSING, false, false, true",
        "sent received,       sent,     CLOSING, false, true,  true",
        "sent received,       received, CLOSING, false, true,  true",
        "lost,                sent,     CLOSED,  false, false, false",
        "lost,                received, CLOSED,  false, false, false",
        "lost,                lost,     CLOSED,  false, false, false",
        "sent lost,           received, CLOSED,  false, true,  false",
        "received lost,       sent,     CLOSED,  false, false, true",
        "sent received lost,  sent,     CLOSED,  false, true,  true",
        "sent received lost,  received, CLOSED,  false, true,  true",
        "sent received lost,  lost,     CLOSED,  false, true,  true",
    })
    void table(String path, String input, ConnectionState next, boolean first, boolean sent, boolean received) {
        ClosingHandshake closing = new ClosingHandshake();
        if (!path.isEmpty()) {
            for (String step : path.split(" ", -1)) {
                assertTrue(apply(closing, step, step.equals("sent") ? OURS : THEIRS), step);
            }
        }
        // What comes again says something else, which must not count.
        boolean again = path.contains(input);
        CloseStatus status = again ? LATER : input.equals("sent") ? OURS : THEIRS;
        assertEquals(first, apply(closing, input, status));
        assertEquals(next, closing.state());
        assertEquals(next == ConnectionState.OPEN, closing.maySendData());
        ClosingHandshake.Progress progress = closing.progress();
        assertEquals(next, progress.state());
        assertEquals(sent ? OURS : null, progress.sent());
        assertEquals(received ? THEIRS : null, progress.received());
        assertEquals(sent && received, progress.complete());
    }

    private static boolean apply(ClosingHandshake closing, String input, CloseStatus status) {
        return switch (input) {
            case "sent" -> closing.sent(status);
            case "received" -> closing.received(status);
            case "lost" -> closing.lost();
            default -> throw new AssertionError(input);
        };
    }

    @Test
    void startsOpen() {
        ClosingHandshake closing = new ClosingHandshake();
        assertEquals(ConnectionState.OPEN, closing.state());
        assertTrue(closing.maySendData());
        assertNull(closing.progress().sent());
        assertNull(closing.progress().received());
        assertFalse(closing.progress().complete());
    }

    @Test
    void cl10OfAllThatHappensAtOnceEachCountsOnce() throws Exception {
        try (ExecutorService threads = Executors.newFixedThreadPool(6)) {
            for (int round = 0; round < 200; round++) {
                ClosingHandshake closing = new ClosingHandshake();
                CyclicBarrier gate = new CyclicBarrier(6);
                List<Callable<Boolean>> inputs = new ArrayList<>();
                for (String input : List.of("sent", "sent", "received", "received", "sent", "received")) {
                    inputs.add(() -> {
                        gate.await();
                        return apply(closing, input, input.equals("sent") ? OURS : THEIRS);
                    });
                }
                int firsts = 0;
                for (Future<Boolean> input : threads.invokeAll(inputs)) {
                    firsts += input.get() ? 1 : 0;
                }
                assertEquals(2, firsts);
                assertEquals(ConnectionState.CLOSING, closing.state());
                assertTrue(closing.progress().complete());
                assertTrue(closing.lost());
            }
        }
    }
}
