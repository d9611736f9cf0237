// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.bench;

import dev.gibbon.ProtocolException;
import dev.gibbon.deflate.CodecStatus;
import dev.gibbon.deflate.FlushMode;
import dev.gibbon.deflate.MessageDeflater;
import dev.gibbon.deflate.MessageInflater;
import dev.gibbon.deflate.ZlibPool;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Prints the table of docs/compression.md: ratio and CPU time per message under each form of context takeover, and the
 * memory of a connection. The times are of the thread and the best of several rounds, so that they bear a busy machine
 * better than {@link CompressionBenchmark}'s.
 */
public final class CompressionTable {
    private static final String[] FORMS = {"none", "10/15", "12/15", "15/15", "live", "10/10", "12/12"};
    private static final int[] LENGTHS = {64, 512, 4096, 65536};
    private static final int CONNECTIONS = 1000;
    private static final int ROUNDS = 12;

    private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

    private CompressionTable() {}

    /** Takes no arguments. */
    public static void main(String[] args) throws IOException {
        for (int length : LENGTHS) {
            for (String form : FORMS) {
                String _ = row(1, form, length); // The JIT's turn.
            }
        }
        System.out.println("| level | kept/window | message | ratio | compress, µs | decompress, µs |");
        System.out.println("|---|---|---|---|---|---|");
        for (int level : new int[] {1, 6}) {
            for (String form : FORMS) {
                for (int length : LENGTHS) {
                    System.out.println(row(level, form, length));
                }
            }
        }
        System.out.println();
        System.out.println("| kept/window | heap of a sender, B | native of a sender, B | zlib objects |");
        System.out.println("|---|---|---|---|");
        for (String form : FORMS) {
            System.out.println(memory(form));
        }
    }

    /** Rounds of many different messages, the first of which fills the window. */
    private static String row(int level, String form, int length) throws ProtocolException {
        byte[][] messages = CompressionSubject.messages(length);
        ByteBuffer[] payloads = new ByteBuffer[messages.length];
        ByteBuffer out = ByteBuffer.allocateDirect(length + length / 100 + 100);
        long sent = 0;
        long compress = Long.MAX_VALUE;
        long decompress = Long.MAX_VALUE;
        try (ZlibPool pool = new ZlibPool(level, 2);
                MessageDeflater deflater = CompressionSubject.deflater(pool, form);
                MessageDeflater again = CompressionSubject.deflater(pool, form);
                MessageInflater inflater = CompressionSubject.inflater(pool, form)) {
            for (int round = 0; round < ROUNDS; round++) {
                long start = THREADS.getCurrentThreadCpuTime();
                sent = 0;
                for (byte[] message : messages) {
                    sent += deflater.deflate(ByteBuffer.wrap(message), out.clear()) ? out.position() : length;
                }
                compress = Math.min(compress, THREADS.getCurrentThreadCpuTime() - start);
            }
            for (int round = 0; round < ROUNDS; round++) {
                for (int i = 0; i < messages.length && round < 2; i++) {
                    payloads[i] = encoded(again, messages[i], out);
                }
                long start = THREADS.getCurrentThreadCpuTime();
                for (ByteBuffer payload : payloads) {
                    decode(inflater, payload, out.clear());
                }
                decompress = Math.min(decompress, THREADS.getCurrentThreadCpuTime() - start);
            }
        }
        double each = 1000.0 * messages.length;
        return String.format(
                "| %d | %s | %d | %.2f | %.1f | %.1f |",
                level, form, length, (double) length * messages.length / sent, compress / each, decompress / each);
    }

    private static ByteBuffer encoded(MessageDeflater deflater, byte[] message, ByteBuffer out) {
        ByteBuffer in = ByteBuffer.wrap(message);
        out.clear();
        CodecStatus status = CodecStatus.OUTPUT_PENDING;
        while (status != CodecStatus.ENDED) {
            status = deflater.deflate(in, FlushMode.LAST, out);
        }
        return ByteBuffer.allocateDirect(out.flip().remaining()).put(out).flip();
    }

    private static void decode(MessageInflater inflater, ByteBuffer payload, ByteBuffer out) throws ProtocolException {
        payload.rewind();
        CodecStatus status = CodecStatus.OUTPUT_PENDING;
        while (status != CodecStatus.ENDED) {
            status = inflater.inflate(payload, true, out);
        }
    }

    /** After 100 messages of 512 bytes each. */
    private static String memory(String form) throws IOException {
        byte[][] messages = CompressionSubject.messages(512);
        List<MessageDeflater> connections = new ArrayList<>();
        ByteBuffer out = ByteBuffer.allocate(1000);
        try (ZlibPool pool = new ZlibPool(1, 1)) {
            long before = anonymousKiB();
            for (int i = 0; i < CONNECTIONS; i++) {
                MessageDeflater deflater = CompressionSubject.deflater(pool, form);
                connections.add(deflater);
                for (int m = 0; m < 100; m++) {
                    boolean _ = deflater.deflate(ByteBuffer.wrap(messages[m]), out.clear());
                }
            }
            long resident = form.equals("live") ? (anonymousKiB() - before) * 1024 / CONNECTIONS : 0;
            String row = String.format(
                    "| %s | %d | %d | %d for %d connections |",
                    form, connections.getFirst().windowBytes(), resident, pool.live(), CONNECTIONS);
            connections.forEach(MessageDeflater::close);
            return row;
        }
    }

    private static long anonymousKiB() throws IOException {
        for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
            if (line.startsWith("RssAnon:")) {
                return Long.parseLong(line.replaceAll("\\D", ""));
            }
        }
        throw new IOException("no RssAnon in /proc/self/status");
    }
}
