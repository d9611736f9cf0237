// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.server.Acceptor;
import dev.gibbon.support.LimitedLog;
import dev.gibbon.testkit.ManualClock;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.logging.LogRecord;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.parallel.Isolated;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(300)
@Isolated
class AcceptorTest {
    private static final InetSocketAddress ANY = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);

    private final ManualClock clock = new ManualClock();
    private final LimitedLog log = new LimitedLog(clock);
    private final LinkedBlockingQueue<SocketChannel> taken = new LinkedBlockingQueue<>();

    /** Throws what the next clients are to meet; afterwards takes them. */
    private final LinkedBlockingQueue<Throwable> toThrow = new LinkedBlockingQueue<>();

    private Acceptor started() throws IOException {
        Acceptor acceptor = Acceptor.bind(ANY, this::accept, clock, log);
        acceptor.start();
        return acceptor;
    }

    private void accept(SocketChannel channel) throws IOException {
        switch (toThrow.poll()) {
            case null -> taken.add(channel);
            case IOException e -> throw e;
            case RuntimeException e -> throw e;
            case Error e -> throw e;
            case Throwable e -> throw new AssertionError(e);
        }
    }

    private static Socket connect(Acceptor acceptor) throws IOException {
        InetSocketAddress address = (InetSocketAddress) acceptor.address();
        return new Socket(address.getAddress(), address.getPort());
    }

    private void expectTaken() throws Exception {
        SocketChannel channel = taken.poll(10, TimeUnit.SECONDS);
        assertTrue(channel != null, "nobody accepts any more");
        channel.close();
    }

    private void expectClosed(Acceptor acceptor) throws IOException {
        try (Socket client = connect(acceptor)) {
            assertEquals(-1, client.getInputStream().read());
        }
    }

    private static List<LogRecord> told(LogLines lines) {
        return lines.warnings(line -> line.contains("accepting on"));
    }

    @Test
    void anErrorOrAnUncheckedExceptionCostsItsOwnClientAndIsToldOnce() throws Exception {
        List<Throwable> all = List.of(
                new IllegalStateException("SSLContext is not initialized"),
                new NoClassDefFoundError("no descriptor to read the class from"),
                new OutOfMemoryError("unable to create native thread"),
                new StackOverflowError());
        toThrow.addAll(all);
        try (LogLines lines = LogLines.record()) {
            Acceptor acceptor = started();
            for (int i = 0; i < all.size(); i++) {
                expectClosed(acceptor);
            }
            try (Socket _ = connect(acceptor)) {
                expectTaken();
            }
            assertEquals(
                    List.of(all.getFirst()),
                    told(lines).stream().map(LogRecord::getThrown).toList());
            acceptor.close();
        }
    }

    @Test
    void aClientThatHasLeftIsNoFailure() throws Exception {
        toThrow.add(new ClosedChannelException());
        toThrow.add(new IOException("connection reset"));
        try (LogLines lines = LogLines.record()) {
            Acceptor acceptor = started();
            expectClosed(acceptor);
            expectClosed(acceptor);
            try (Socket _ = connect(acceptor)) {
                expectTaken();
            }
            assertEquals(List.of(), told(lines));
            acceptor.close();
        }
    }

    @Test
    void whatIsOverIsToldAndWhatComesAfterItIsToldAgain() throws Exception {
        toThrow.add(new IllegalStateException("first"));
        try (LogLines lines = LogLines.record()) {
            Acceptor acceptor = started();
            expectClosed(acceptor);
            try (Socket _ = connect(acceptor)) {
                expectTaken(); // So soon that it may be by chance.
            }
            clock.advance(Duration.ofSeconds(2));
            try (Socket _ = connect(acceptor)) {
                expectTaken();
            }
            toThrow.add(new IllegalStateException("second"));
            expectClosed(acceptor);
            try (Socket _ = connect(acceptor)) {
                expectTaken();
            }
            assertEquals(
                    List.of("first", "second"),
                    told(lines).stream()
                            .map(line -> line.getThrown().getMessage())
                            .toList());
            assertTrue(
                    lines.messages().stream().anyMatch(line -> line.endsWith("works again; attempts that failed: 1")));
            acceptor.close();
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aLogThatThrowsDoesNotEndIt(boolean error) throws Exception {
        toThrow.add(new IllegalStateException("to be logged"));
        try (LogLines _ = LogLines.handledBy(_ -> {
            if (error) {
                throw new LinkageError("no time zones");
            }
            throw new IllegalStateException("no disk");
        })) {
            Acceptor acceptor = started();
            expectClosed(acceptor);
            try (Socket _ = connect(acceptor)) {
                expectTaken();
            }
            acceptor.close();
        }
    }
}
