// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.HotSpotDiagnosticMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** HC-28 over real sockets: dials that are given up at any moment leave nothing behind. */
@EnabledOnOs(OS.LINUX)
class DialerCancellationTest {
    private static final int DIALS = 1000;
    private static final int AT_ONCE = 50;

    @TempDir
    private Path directory;

    @Test
    @Timeout(300)
    void thousandCancelledDialsLeaveNothing() throws Exception {
        Random random = new Random(28);
        try (ServerSocketChannel listening = ServerSocketChannel.open()) {
            listening.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), DIALS);
            Thread.ofVirtual().start(() -> answerBadly(listening));
            int port = ((InetSocketAddress) listening.getLocalAddress()).getPort();
            Dialer dialer = Dialer.builder()
                    .handshakeTimeout(Duration.ofSeconds(2))
                    .tls(InsecureTls.trustingEveryone())
                    .build();
            dialOnceAndWait(dialer, port); // Opens what the platform opens once.
            long before = sockets();
            AtomicInteger failed = new AtomicInteger();
            for (int round = 0; round < DIALS / AT_ONCE; round++) {
                List<Thread> dials = new ArrayList<>();
                for (int i = 0; i < AT_ONCE; i++) {
                    String scheme = random.nextBoolean() ? "ws" : "wss";
                    String host = random.nextBoolean() ? "localhost" : "127.0.0.1";
                    URI uri = URI.create(scheme + "://" + host + ":" + port + "/");
                    dials.add(Thread.ofVirtual().start(() -> {
                        try {
                            dialer.dial(uri).close();
                        } catch (IOException _) {
                            failed.incrementAndGet();
                        }
                    }));
                }
                for (Thread dial : dials) {
                    LockSupport.parkNanos(random.nextInt(200_000));
                    dial.interrupt();
                }
                for (Thread dial : dials) {
                    dial.join();
                }
            }
            assertEquals(DIALS, failed.get());
            awaitNothingLeft(dialer, before);
        }
    }

    /** Takes every connection; some get no answer, some half of one, some nonsense. */
    private static void answerBadly(ServerSocketChannel listening) {
        int count = 0;
        while (listening.isOpen()) {
            try {
                SocketChannel accepted = listening.accept();
                String answer = switch (count++ % 3) {
                    case 0 -> "HTTP/1.1 101 Switching Protocols\r\nUpgr";
                    case 1 -> "HTTP/1.1 100 Continue\r\n\r\n";
                    default -> "";
                };
                Thread.ofVirtual().start(() -> answer(accepted, answer));
            } catch (IOException _) {
                return;
            }
        }
    }

    private static void answer(SocketChannel accepted, String answer) {
        try (accepted) {
            accepted.write(ByteBuffer.wrap(answer.getBytes(StandardCharsets.US_ASCII)));
            ByteBuffer sink = ByteBuffer.allocate(1024);
            while (accepted.read(sink.clear()) >= 0) {
                // Until the client leaves.
            }
        } catch (IOException _) {
            // It left in another way.
        }
    }

    private static void dialOnceAndWait(Dialer dialer, int port) throws InterruptedException {
        Thread dial = Thread.ofVirtual().start(() -> {
            try {
                dialer.dial(URI.create("wss://localhost:" + port + "/")).close();
            } catch (IOException _) {
                // As it should.
            }
        });
        dial.join(Duration.ofMillis(500));
        dial.interrupt();
        dial.join();
    }

    private void awaitNothingLeft(Dialer dialer, long before) throws Exception {
        long deadline = System.nanoTime() + Duration.ofSeconds(60).toNanos();
        while (!(sockets() <= before && dialer.engine().buffers().leased() == 0 && threads() == 0)
                && System.nanoTime() < deadline) {
            Thread.sleep(20);
        }
        assertTrue(sockets() <= before, "sockets: " + sockets() + ", before: " + before);
        assertEquals(0, dialer.engine().buffers().leased());
        assertEquals(0, threads());
        assertEquals(0, dialer.engine().connections().size());
    }

    private static long sockets() throws IOException {
        long count = 0;
        try (DirectoryStream<Path> descriptors = Files.newDirectoryStream(Path.of("/proc/self/fd"))) {
            for (Path descriptor : descriptors) {
                try {
                    count += Files.readSymbolicLink(descriptor).toString().startsWith("socket:") ? 1 : 0;
                } catch (IOException _) {
                    // Closed meanwhile, such as the one of this very listing.
                }
            }
        }
        return count;
    }

    /** {@return how many threads of dials there are, virtual ones included} */
    private long threads() throws IOException {
        Path dump = directory.resolve("threads" + System.nanoTime());
        ManagementFactory.getPlatformMXBean(HotSpotDiagnosticMXBean.class)
                .dumpThreads(dump.toString(), HotSpotDiagnosticMXBean.ThreadDumpFormat.TEXT_PLAIN);
        try (var lines = Files.lines(dump)) {
            return lines.filter(line -> line.contains("\"gibbon-connect\"") || line.contains("\"gibbon-lookup\""))
                    .count();
        }
    }
}
