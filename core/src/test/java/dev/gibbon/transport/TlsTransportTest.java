// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.transport;

import static dev.gibbon.transport.TransportPair.readExactly;
import static dev.gibbon.transport.TransportPair.start;
import static dev.gibbon.transport.TransportPair.writeAll;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.spi.Transport;
import dev.gibbon.support.BufferPool;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLParameters;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(300)
class TlsTransportTest {
    /** What the JDK adds to a TLS 1.3 record, to hide its length. */
    private static final int JDK_PADDING = 16;

    /** A KeyUpdate's record behind its header: five bytes of handshake, its type, and the tag. */
    private static final int KEY_UPDATE_BYTES = 5 + 1 + JDK_PADDING + 16;

    private static SSLContext context;
    private static SSLContext stranger;
    private static SSLContext expired;

    private final BufferPool pool = new BufferPool(16);

    @BeforeAll
    static void makeCertificates(@TempDir Path directory) throws Exception {
        context = TestCertificates.context(TestCertificates.localhost(directory, false));
        stranger = TestCertificates.context(TestCertificates.localhost(directory, false));
        expired = TestCertificates.context(TestCertificates.localhost(directory, true));
    }

    @AfterEach
    void everyLeaseCameBack() throws Exception {
        awaitNoLeases();
    }

    private void awaitNoLeases() throws InterruptedException {
        long end = System.nanoTime() + 60_000_000_000L;
        while (pool.leased() != 0 && System.nanoTime() < end) {
            Thread.sleep(5);
        }
        assertEquals(0, pool.leased());
    }

    private TransportPair tls(TransportPair lower) {
        return tls(lower, "TLSv1.3");
    }

    private TransportPair tls(TransportPair lower, String... clientProtocols) {
        SSLEngine client = TlsEngines.client(context, "localhost", 443);
        client.setEnabledProtocols(clientProtocols);
        return new TransportPair(
                new TlsTransport(lower.client(), client, pool),
                new TlsTransport(lower.server(), TlsEngines.server(context), pool));
    }

    private static void shakeHands(TransportPair pair) throws Exception {
        FutureTask<Boolean> server = start(((TlsTransport) pair.server())::handshake);
        assertTrue(((TlsTransport) pair.client()).handshake());
        assertTrue(server.get());
    }

    private static void drainTickets(TransportPair pair) throws Exception {
        // A byte from the server brings the session tickets before it.
        writeAll(pair.server(), new byte[] {42});
        assertArrayEquals(new byte[] {42}, readExactly(pair.client(), 1));
    }

    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    void bytesOfAnyNumberArriveBothWaysAtOnceOverTcp(String protocol) throws Exception {
        for (int length : new int[] {0, 1, 16_384, 300_000, 8 << 20}) {
            try (TransportPair pair = tls(TransportPair.tcp(), protocol)) {
                ChannelTransportTest.echoBothWaysAtOnce(pair, length);
            }
        }
    }

    @Test
    void theHandshakeIsDoneByTheFirstReadAndWriteWhicheverComesFirst() throws Exception {
        try (TransportPair pair = tls(TransportPair.tcp())) {
            FutureTask<byte[]> clientReads = start(() -> readExactly(pair.client(), 2));
            FutureTask<byte[]> serverReads = start(() -> readExactly(pair.server(), 2));
            writeAll(pair.client(), new byte[] {1, 2});
            assertArrayEquals(new byte[] {1, 2}, serverReads.get());
            assertFalse(clientReads.isDone());
            writeAll(pair.server(), new byte[] {3, 4});
            assertArrayEquals(new byte[] {3, 4}, clientReads.get());
            assertEquals("TLSv1.3", pair.client().tlsSession().orElseThrow().getProtocol());
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 7, 3_000, Integer.MAX_VALUE})
    void anySplitOfTheLowerStreamWorks(int maxMove) throws Exception {
        for (String protocol : List.of("TLSv1.2", "TLSv1.3")) {
            try (TransportPair pair = tls(TransportPair.memory(maxMove, 5), protocol)) {
                ChannelTransportTest.echoBothWaysAtOnce(pair, maxMove == 1 ? 100_000 : 1_000_000);
            }
        }
    }

    @Test
    void smallBuffersOfOneWriteShareRecordsAndOneLowerWrite() throws Exception {
        TransportPair lower = TransportPair.memory(Integer.MAX_VALUE, 1);
        try (TransportPair pair = tls(lower)) {
            shakeHands(pair);
            drainTickets(pair);
            int before = ((MemoryTransport) lower.client()).writes.get();
            ByteBuffer[] parts = new ByteBuffer[300];
            for (int i = 0; i < parts.length; i++) {
                parts[i] = ByteBuffer.allocate(100).put(0, (byte) i);
            }
            assertEquals(30_000, pair.client().write(parts, 0, parts.length));
            assertEquals(before + 1, ((MemoryTransport) lower.client()).writes.get());
            ByteBuffer records = ByteBuffer.allocate(40_000);
            while (lower.server().read(records, Duration.ofMillis(20)) > 0) {
                assertTrue(records.hasRemaining());
            }
            records.flip();
            List<Integer> lengths = new ArrayList<>();
            while (records.hasRemaining()) {
                int length = records.getShort(records.position() + 3);
                lengths.add(length);
                records.position(records.position() + 5 + length);
            }
            int first = 16_384 + 16;
            assertEquals(List.of(first, 30_000 + 2 * (1 + JDK_PADDING + 16) - first), lengths);
        }
    }

    @Test
    void aReadBringsManyRecordsAtOnce() throws Exception {
        try (TransportPair pair = tls(TransportPair.memory(Integer.MAX_VALUE, 1))) {
            shakeHands(pair);
            for (int i = 0; i < 10; i++) {
                writeAll(pair.client(), new byte[] {(byte) i});
            }
            ByteBuffer dst = ByteBuffer.allocate(32_768);
            assertEquals(10, pair.server().read(dst));
        }
    }

    @Test
    void anIdleConnectionLeasesNothing() throws Exception {
        for (TransportPair lower : List.of(TransportPair.tcp(), TransportPair.unix())) {
            try (TransportPair pair = tls(lower)) {
                FutureTask<byte[]> server = start(() -> readExactly(pair.server(), 2));
                FutureTask<byte[]> client = start(() -> readExactly(pair.client(), 40_001));
                writeAll(pair.client(), new byte[1]);
                writeAll(pair.server(), new byte[40_000]);
                awaitNoLeases();
                assertFalse(server.isDone());
                assertFalse(client.isDone());
                writeAll(pair.client(), new byte[1]);
                writeAll(pair.server(), new byte[1]);
                assertEquals(2, server.get().length);
                assertEquals(40_001, client.get().length);
            }
        }
    }

    @Test
    void aReadThatTimesOutInTheMiddleOfARecordLosesNothing() throws Exception {
        for (int size : new int[] {100, 16_000}) {
            TransportPair lower = TransportPair.tcp();
            SSLEngine client = TlsEngines.client(context, "localhost", 443);
            try (TransportPair pair = new TransportPair(
                    new TlsTransport(lower.client(), client, pool),
                    new TlsTransport(lower.server(), TlsEngines.server(context), pool))) {
                shakeHands(pair);
                byte[] bytes = new byte[size];
                new Random(size).nextBytes(bytes);
                ByteBuffer record = ByteBuffer.allocate(32_768);
                assertEquals(size, client.wrap(ByteBuffer.wrap(bytes), record).bytesConsumed());
                record.flip();
                ByteBuffer dst = ByteBuffer.allocate(size);
                while (record.remaining() > size / 4) {
                    writeAll(lower.client(), record.slice(record.position(), size / 4));
                    record.position(record.position() + size / 4);
                    assertEquals(0, pair.server().read(dst, Duration.ofMillis(20)));
                }
                writeAll(lower.client(), record);
                while (dst.hasRemaining()) {
                    assertTrue(pair.server().read(dst, Duration.ofSeconds(30)) > 0);
                }
                assertArrayEquals(bytes, dst.array());
            }
        }
    }

    @Test
    void aTimedReadWorksOverTcpAndUnix() throws Exception {
        for (TransportPair lower : List.of(TransportPair.tcp(), TransportPair.unix())) {
            try (TransportPair pair = tls(lower)) {
                shakeHands(pair);
                ByteBuffer dst = ByteBuffer.allocate(100_000);
                assertEquals(0, pair.client().read(dst, Duration.ofMillis(30)));
                writeAll(pair.server(), new byte[30_000]);
                while (dst.position() < 30_000) {
                    assertTrue(pair.client().read(dst, Duration.ofSeconds(30)) > 0);
                }
            }
        }
    }

    @Test
    void closingWakesReaderAndWriterWithoutWaitingForEither() throws Exception {
        try (TransportPair pair = tls(TransportPair.tcp())) {
            shakeHands(pair);
            FutureTask<Integer> reader = start(() -> pair.client().read(ByteBuffer.allocate(10)));
            FutureTask<Void> writer = ChannelTransportTest.blockedWriter(pair.client());
            assertFalse(reader.isDone());
            pair.client().close();
            assertInstanceOf(
                    IOException.class,
                    assertThrows(ExecutionException.class, () -> reader.get(60, TimeUnit.SECONDS))
                            .getCause());
            assertInstanceOf(
                    IOException.class,
                    assertThrows(ExecutionException.class, () -> writer.get(60, TimeUnit.SECONDS))
                            .getCause());
        }
    }

    @Test
    void closingIsShortEvenIfTheSocketBufferIsFullAndNobodyWrites() throws Exception {
        MemoryTransport[] ends = MemoryTransport.pair(4_000, Integer.MAX_VALUE, 1);
        try (TransportPair pair = tls(new TransportPair(ends[0], ends[1]))) {
            shakeHands(pair);
            drainTickets(pair);
            writeAll(ends[0], new byte[4_000]);
            pair.client().close();
        }
    }

    @Test
    void closingDuringTheHandshakeEndsIt() throws Exception {
        try (TransportPair lower = TransportPair.tcp()) {
            TlsTransport server = new TlsTransport(lower.server(), TlsEngines.server(context), pool);
            FutureTask<Boolean> handshake = start(server::handshake);
            assertThrows(TimeoutException.class, () -> handshake.get(50, TimeUnit.MILLISECONDS));
            server.close();
            assertInstanceOf(
                    IOException.class,
                    assertThrows(ExecutionException.class, () -> handshake.get(60, TimeUnit.SECONDS))
                            .getCause());
        }
    }

    @Test
    void interruptingABlockedReaderClosesAndKeepsTheFlag() throws Exception {
        for (boolean timed : new boolean[] {false, true}) {
            try (TransportPair pair = tls(TransportPair.tcp())) {
                shakeHands(pair);
                ChannelTransportTest.interruptClosesAndKeepsTheFlag(pair.client(), timed);
            }
        }
    }

    @Test
    void endingTheOutputSendsCloseNotifyAndClosingAddsNothing() throws Exception {
        TransportPair lower = TransportPair.tcp();
        try (TransportPair pair = tls(lower)) {
            shakeHands(pair);
            drainTickets(pair);
            pair.client().shutdownOutput();
            pair.client().close();
            assertEquals(5 + 2 + 1 + JDK_PADDING + 16, readToEnd(lower.server()), "an alert, its type, the tag");
        }
    }

    private static int readToEnd(Transport transport) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(10_000);
        while (transport.read(bytes) >= 0) {
            assertTrue(bytes.hasRemaining());
        }
        return bytes.position();
    }

    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    void endingTheOutputReadsAsTheEndAndTls13GoesOnReading(String protocol) throws Exception {
        try (TransportPair pair = tls(TransportPair.tcp(), protocol)) {
            shakeHands(pair);
            writeAll(pair.client(), new byte[] {1});
            pair.client().shutdownOutput();
            pair.client().shutdownOutput();
            assertThrows(IOException.class, () -> writeAll(pair.client(), new byte[] {2}));
            assertArrayEquals(new byte[] {1}, readExactly(pair.server(), 1));
            assertEquals(-1, pair.server().read(ByteBuffer.allocate(1)));
            assertEquals(-1, pair.server().read(ByteBuffer.allocate(1), Duration.ofSeconds(1)));
            if (protocol.equals("TLSv1.2")) {
                assertThrows(ClosedChannelException.class, () -> writeAll(pair.server(), new byte[] {3}));
                assertEquals(-1, pair.server().read(ByteBuffer.allocate(1)));
            } else {
                writeAll(pair.server(), new byte[] {3});
                assertArrayEquals(new byte[] {3}, readExactly(pair.client(), 1));
            }
        }
    }

    @Test
    void anEndWithoutCloseNotifyReadsAsTheEnd() throws Exception {
        TransportPair lower = TransportPair.tcp();
        try (TransportPair pair = tls(lower)) {
            shakeHands(pair);
            writeAll(pair.client(), new byte[] {1});
            lower.client().shutdownOutput();
            assertArrayEquals(new byte[] {1}, readExactly(pair.server(), 1));
            assertEquals(-1, pair.server().read(ByteBuffer.allocate(1)));
            assertEquals(-1, pair.server().read(ByteBuffer.allocate(1)));
        }
    }

    @Test
    void anEndInTheMiddleOfARecordReadsAsTheEnd() throws Exception {
        TransportPair lower = TransportPair.tcp();
        try (TransportPair pair = tls(lower)) {
            shakeHands(pair);
            writeAll(lower.client(), new byte[] {23, 3, 3, 60, 0, 1, 2, 3});
            writeAll(lower.client(), new byte[2_000]);
            lower.client().shutdownOutput();
            assertEquals(-1, pair.server().read(ByteBuffer.allocate(1)));
            awaitNoLeases();
        }
    }

    @Test
    void plainTextSentToATlsPortFailsAtOnce() throws Exception {
        try (TransportPair lower = TransportPair.tcp()) {
            TlsTransport server = new TlsTransport(lower.server(), TlsEngines.server(context), pool);
            writeAll(lower.client(), "GET / HTTP/1.1\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
            assertThrows(SSLException.class, server::handshake);
            assertThrows(SSLException.class, () -> server.read(ByteBuffer.allocate(10)));
            assertThrows(SSLException.class, () -> writeAll(server, new byte[1]));
            server.close();
        }
    }

    @Test
    void anAlteredRecordFailsTheReadForGood() throws Exception {
        TransportPair lower = TransportPair.tcp();
        try (TransportPair pair = tls(lower)) {
            shakeHands(pair);
            byte[] forged = new byte[5 + 40];
            System.arraycopy(new byte[] {23, 3, 3, 0, 40}, 0, forged, 0, 5);
            writeAll(lower.client(), forged);
            assertThrows(SSLException.class, () -> pair.server().read(ByteBuffer.allocate(10)));
            assertThrows(SSLException.class, () -> pair.server().read(ByteBuffer.allocate(10)));
        }
    }

    @Test
    void theClientRefusesAWrongNameAnUnknownIssuerAndAnExpiredCertificate() throws Exception {
        assertRefusedByClient(TlsEngines.client(context, "example.org", 443), context);
        assertRefusedByClient(TlsEngines.client(context, "127.0.0.2", 443), context);
        assertRefusedByClient(TlsEngines.client(stranger, "localhost", 443), context);
        assertRefusedByClient(TlsEngines.client(expired, "localhost", 443), expired);
        // Not checking the name is not trusting anybody.
        assertRefusedByClient(TlsEngines.clientWithInsecureHostCheck(stranger, null, "localhost", 443), context);
    }

    private void assertRefusedByClient(SSLEngine client, SSLContext serverContext) throws Exception {
        TransportPair lower = TransportPair.tcp();
        try (TransportPair pair = new TransportPair(
                new TlsTransport(lower.client(), client, pool),
                new TlsTransport(lower.server(), TlsEngines.server(serverContext), pool))) {
            FutureTask<Integer> server = start(() -> pair.server().read(ByteBuffer.allocate(1)));
            assertThrows(SSLException.class, ((TlsTransport) pair.client())::handshake);
            assertInstanceOf(
                    SSLException.class,
                    assertThrows(ExecutionException.class, () -> server.get(60, TimeUnit.SECONDS))
                            .getCause());
        }
    }

    @Test
    void theClientTakesAddressesAndNamesWithADotAndAnyNameIfToldSo() throws Exception {
        for (SSLEngine client : List.of(
                TlsEngines.client(context, "127.0.0.1", 443),
                TlsEngines.client(context, "localhost.", 443),
                TlsEngines.clientWithInsecureHostCheck(context, null, "example.org", 443))) {
            TransportPair lower = TransportPair.tcp();
            try (TransportPair pair = new TransportPair(
                    new TlsTransport(lower.client(), client, pool),
                    new TlsTransport(lower.server(), TlsEngines.server(context), pool))) {
                shakeHands(pair);
                assertEquals("http/1.1", client.getApplicationProtocol());
            }
        }
    }

    @Test
    void theServerRefusesOldProtocolsAndAlpnWithoutHttp11() throws Exception {
        SSLEngine old = context.createSSLEngine("localhost", 443);
        old.setUseClientMode(true);
        SSLEngine h2 = TlsEngines.client(context, "localhost", 443);
        SSLParameters onlyH2 = h2.getSSLParameters();
        onlyH2.setApplicationProtocols(new String[] {"h2"});
        h2.setSSLParameters(onlyH2);
        assertRefusedByClient(h2, context);
        // The JDK will not speak TLS 1.1 itself: a
        // ClientHello by hand, version 3.2, one cipher suite.
        byte[] hello = new byte[5 + 4 + 2 + 32 + 1 + 2 + 2 + 1 + 1];
        ByteBuffer.wrap(hello)
                .put(new byte[] {22, 3, 1, 0, (byte) (hello.length - 5), 1, 0, 0, (byte) (hello.length - 9), 3, 2})
                .put(new byte[32])
                .put(new byte[] {0, 0, 2, (byte) 0xc0, 0x0a, 1, 0});
        try (TransportPair lower = TransportPair.tcp()) {
            TlsTransport server = new TlsTransport(lower.server(), TlsEngines.server(context), pool);
            writeAll(lower.client(), hello);
            assertThrows(SSLException.class, server::handshake);
            byte[] alert = readExactly(lower.client(), 7);
            assertEquals(21, alert[0], "an alert");
            assertEquals(70, alert[6], "protocol_version");
            server.close();
        }
        assertArrayEquals(
                new String[] {"TLSv1.3", "TLSv1.2"}, TlsEngines.server(context).getEnabledProtocols());
    }

    @Test
    void sniIsSentForNamesAndNotForAddresses() {
        assertEquals(1, sniNames("example.org"));
        assertEquals(1, sniNames("localhost"));
        assertEquals(1, sniNames("example.org."));
        assertEquals(0, sniNames("192.0.2.1"));
        assertEquals(0, sniNames("[2001:db8::1]"));
        assertEquals(0, sniNames("fe80::1%eth0"));
        assertEquals(0, sniNames("a_b..c"));
    }

    private static int sniNames(String host) {
        SSLParameters parameters = TlsEngines.client(context, host, 443).getSSLParameters();
        assertEquals("HTTPS", parameters.getEndpointIdentificationAlgorithm());
        return parameters.getServerNames().size();
    }

    @Test
    void renegotiationIsRefused() throws Exception {
        TransportPair lower = TransportPair.tcp();
        SSLEngine client = TlsEngines.client(context, "localhost", 443);
        client.setEnabledProtocols(new String[] {"TLSv1.2"});
        try (TransportPair pair = new TransportPair(
                new TlsTransport(lower.client(), client, pool),
                new TlsTransport(lower.server(), TlsEngines.server(context), pool))) {
            shakeHands(pair);
            client.beginHandshake();
            writeAll(pair.client(), new byte[] {1});
            SSLException refused = assertThrows(SSLException.class, () -> readExactly(pair.server(), 1));
            assertTrue(refused.getMessage().contains("renegotiation"), refused.getMessage());
        }
    }

    @Test
    void aFloodOfKeyUpdatesEndsTheConnection() throws Exception {
        TransportPair lower = TransportPair.tcp();
        SSLEngine client = TlsEngines.client(context, "localhost", 443);
        try (TransportPair pair = new TransportPair(
                new TlsTransport(lower.client(), client, pool),
                new TlsTransport(lower.server(), TlsEngines.server(context), pool))) {
            shakeHands(pair);
            FutureTask<Integer> server = start(() -> pair.server().read(ByteBuffer.allocate(1)));
            ByteBuffer record = ByteBuffer.allocateDirect(32_768);
            for (int i = 0; i < 70; i++) {
                client.beginHandshake();
                assertTrue(client.wrap(ByteBuffer.allocate(0), record.clear()).bytesProduced() > 0);
                try {
                    writeAll(lower.client(), record.flip());
                } catch (IOException _) {
                    break;
                }
            }
            SSLException ended = assertInstanceOf(
                    SSLException.class,
                    assertThrows(ExecutionException.class, () -> server.get(60, TimeUnit.SECONDS))
                            .getCause());
            assertTrue(ended.getMessage().contains("> 64"), ended.getMessage());
        }
    }

    @Test
    void aKeyUpdateIsAnsweredThoughNobodyWrites() throws Exception {
        TransportPair lower = TransportPair.memory(Integer.MAX_VALUE, 1);
        SSLEngine client = TlsEngines.client(context, "localhost", 443);
        try (TransportPair pair = new TransportPair(
                new TlsTransport(lower.client(), client, pool),
                new TlsTransport(lower.server(), TlsEngines.server(context), pool))) {
            shakeHands(pair);
            drainTickets(pair);
            FutureTask<byte[]> server = start(() -> readExactly(pair.server(), 1));
            client.beginHandshake();
            ByteBuffer record = ByteBuffer.allocateDirect(32_768);
            assertTrue(client.wrap(ByteBuffer.allocate(0), record).bytesProduced() > 0);
            writeAll(lower.client(), record.flip());
            byte[] answer = readExactly(lower.client(), 5 + KEY_UPDATE_BYTES);
            assertTrue(client.unwrap(ByteBuffer.wrap(answer), ByteBuffer.allocate(20_000))
                            .bytesConsumed()
                    > 0);
            writeAll(pair.client(), new byte[] {5});
            assertArrayEquals(new byte[] {5}, server.get());
            writeAll(pair.server(), new byte[] {6});
            assertArrayEquals(new byte[] {6}, readExactly(pair.client(), 1));
        }
    }

    @Test
    void aReaderDoesNotWaitForABlockedWriterToAnswerAKeyUpdate() throws Exception {
        TransportPair lower = TransportPair.tcp();
        SSLEngine client = TlsEngines.client(context, "localhost", 443);
        try (TransportPair pair = new TransportPair(
                new TlsTransport(lower.client(), client, pool),
                new TlsTransport(lower.server(), TlsEngines.server(context), pool))) {
            shakeHands(pair);
            FutureTask<Void> writer = ChannelTransportTest.blockedWriter(pair.server());
            client.beginHandshake();
            writeAll(pair.client(), new byte[] {5});
            assertArrayEquals(new byte[] {5}, readExactly(pair.server(), 1));
            assertFalse(writer.isDone());
            assertEquals(64 << 20, readExactly(pair.client(), 64 << 20).length);
            assertEquals(null, writer.get());
        }
    }

    @Test
    void aKeyUpdateThatComesWhileTheOutputIsBlockedIsAnsweredByTheFlush() throws Exception {
        MemoryTransport[] ends = MemoryTransport.pair(4_000, Integer.MAX_VALUE, 1);
        SSLEngine client = TlsEngines.client(context, "localhost", 443);
        TlsTransport server = new TlsTransport(ends[1], TlsEngines.server(context), pool);
        try (TransportPair pair = new TransportPair(new TlsTransport(ends[0], client, pool), server)) {
            shakeHands(pair);
            drainTickets(pair);
            assertTrue(server.enterLoop().isPresent());
            assertTrue(ends[0].enterLoop().isPresent());
            long taken = server.write(new ByteBuffer[] {ByteBuffer.allocate(50_000)}, 0, 1);
            assertTrue(taken > 0);
            assertFalse(server.flush());
            client.beginHandshake();
            ByteBuffer request = ByteBuffer.allocateDirect(32_768);
            assertTrue(client.wrap(ByteBuffer.allocate(0), request).bytesProduced() > 0);
            writeAll(ends[0], request.flip());
            assertEquals(0, server.read(ByteBuffer.allocate(10)));
            ByteBuffer records = ByteBuffer.allocate(100_000);
            boolean all = false;
            while (!all) {
                int _ = ends[0].read(records);
                all = server.flush();
            }
            int _ = ends[0].read(records);
            records.flip();
            List<Integer> lengths = new ArrayList<>();
            while (records.hasRemaining()) {
                int length = records.getShort(records.position() + 3);
                lengths.add(length);
                records.position(records.position() + 5 + length);
            }
            assertEquals(KEY_UPDATE_BYTES, lengths.removeLast(), "the answer, behind the data");
            assertFalse(lengths.contains(KEY_UPDATE_BYTES));
            assertTrue(server.flush());
            assertEquals(0, ends[0].read(ByteBuffer.allocate(10)), "one answer");
        }
    }

    @Test
    void keysAreUpdatedInTheMiddleOfFullDuplexTraffic(@TempDir Path directory) throws Exception {
        // The limits are read once per JVM, when its first cipher is made.
        Path security = directory.resolve("security");
        Files.writeString(
                security, "jdk.tls.keyLimits=AES/GCM/NoPadding KeyUpdate 2^17, ChaCha20-Poly1305 KeyUpdate 2^17\n");
        String launcher =
                Path.of(System.getProperty("java.home"), "bin", "java").toString();
        String classPath = System.getProperty("java.class.path");
        Process process = new ProcessBuilder(
                        launcher,
                        "-Djava.security.properties=" + security,
                        "-cp",
                        classPath,
                        KeyUpdateTraffic.class.getName(),
                        directory.toString())
                .redirectErrorStream(true)
                .start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, process.waitFor(), said);
        assertTrue(said.contains("arrived"), said);
    }

    @Test
    void withoutBlockingEverythingIsResumable() throws Exception {
        for (int maxMove : new int[] {1, 50, Integer.MAX_VALUE}) {
            MemoryTransport[] ends = MemoryTransport.pair(2_000, maxMove, 3);
            try (TransportPair pair = tls(new TransportPair(ends[0], ends[1]))) {
                TlsTransport client = (TlsTransport) pair.client();
                TlsTransport server = (TlsTransport) pair.server();
                assertTrue(client.enterLoop().isPresent());
                assertTrue(server.enterLoop().isPresent());
                byte[] expected = new byte[100_000];
                new Random(2).nextBytes(expected);
                ByteBuffer[] there = {ByteBuffer.wrap(expected)};
                ByteBuffer[] back = {ByteBuffer.wrap(expected)};
                ByteBuffer gotThere = ByteBuffer.allocate(expected.length);
                ByteBuffer gotBack = ByteBuffer.allocate(expected.length);
                for (long turns = 0; gotThere.hasRemaining() || gotBack.hasRemaining(); turns++) {
                    assertTrue(turns < 2_000_000, "stalled at " + gotThere + " and " + gotBack);
                    long _ = client.write(there, 0, 1);
                    long _ = server.write(back, 0, 1);
                    int _ = server.read(gotThere);
                    int _ = client.read(gotBack);
                    boolean _ = client.flush();
                    boolean _ = server.flush();
                }
                assertArrayEquals(expected, gotThere.array());
                assertArrayEquals(expected, gotBack.array());
                assertEquals(0, pool.leased());
                client.shutdownOutput();
                client.shutdownOutput();
            }
        }
    }
}
