// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.transport;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * One end of a pair in memory which moves as few bytes per call as its seed likes, and does not block once in a loop.
 */
final class MemoryTransport implements LoopTransport {
    private final Pipe in;
    private final Pipe out;
    private final int maxMove;
    private final Random random;
    private volatile boolean blocking = true;
    final AtomicInteger writes = new AtomicInteger();

    private MemoryTransport(Pipe in, Pipe out, int maxMove, long seed) {
        this.in = in;
        this.out = out;
        this.maxMove = maxMove;
        random = new Random(seed);
    }

    /**
     * Makes a pair.
     *
     * @param maxMove how many bytes one read or write moves at most; fewer at random, where this is more than 1
     */
    static MemoryTransport[] pair(int capacity, int maxMove, long seed) {
        Pipe one = new Pipe(capacity);
        Pipe two = new Pipe(capacity);
        return new MemoryTransport[] {
            new MemoryTransport(one, two, maxMove, seed), new MemoryTransport(two, one, maxMove, seed + 1)
        };
    }

    private int nextMove() {
        synchronized (random) {
            return maxMove == Integer.MAX_VALUE ? maxMove : 1 + random.nextInt(maxMove);
        }
    }

    /** Answers with a channel that only stands for one: the test plays the loop. */
    @Override
    public Optional<SocketChannel> enterLoop() throws IOException {
        blocking = false;
        SocketChannel channel = SocketChannel.open();
        channel.close();
        return Optional.of(channel);
    }

    @Override
    public boolean flush() {
        return true;
    }

    @Override
    public boolean buffersInput() {
        return false;
    }

    @Override
    public int read(ByteBuffer dst) throws IOException {
        return in.read(dst, nextMove(), blocking ? Long.MAX_VALUE : 0);
    }

    @Override
    public int read(ByteBuffer dst, Duration timeout) throws IOException {
        return in.read(dst, nextMove(), blocking ? timeout.toNanos() : 0);
    }

    @Override
    public long write(ByteBuffer[] srcs, int offset, int length) throws IOException {
        int _ = writes.incrementAndGet();
        for (int i = offset; i < offset + length; i++) {
            if (srcs[i].hasRemaining()) {
                return out.write(srcs[i], nextMove(), blocking);
            }
        }
        return 0;
    }

    @Override
    public void shutdownOutput() {
        out.end();
    }

    @Override
    public void close() {
        in.breakOff();
        out.breakOff();
    }

    private static final class Pipe {
        private final byte[] bytes;
        private int first;
        private int count;
        private boolean ended;
        private boolean broken;

        Pipe(int capacity) {
            bytes = new byte[capacity];
        }

        synchronized int read(ByteBuffer dst, int max, long nanos) throws IOException {
            boolean waited = false;
            long start = System.nanoTime();
            while (count == 0 && !ended && !broken) {
                long left = nanos == Long.MAX_VALUE ? 0 : (nanos - (System.nanoTime() - start)) / 1_000_000;
                if (nanos != Long.MAX_VALUE && left <= 0) {
                    return 0;
                }
                waited = true;
                pause(left);
            }
            if (broken) {
                throw waited ? new AsynchronousCloseException() : new ClosedChannelException();
            }
            int n = Math.min(Math.min(count, dst.remaining()), max);
            for (int i = 0; i < n; i++) {
                dst.put(bytes[(first + i) % bytes.length]);
            }
            first = (first + n) % bytes.length;
            count -= n;
            notifyAll();
            return n == 0 ? -1 : n;
        }

        synchronized int write(ByteBuffer src, int max, boolean block) throws IOException {
            while (count == bytes.length && !broken && block) {
                pause(0);
            }
            if (broken || ended) {
                throw new AsynchronousCloseException();
            }
            int n = Math.min(Math.min(bytes.length - count, src.remaining()), max);
            for (int i = 0; i < n; i++) {
                bytes[(first + count + i) % bytes.length] = src.get();
            }
            count += n;
            notifyAll();
            return n;
        }

        synchronized void end() {
            ended = true;
            notifyAll();
        }

        synchronized void breakOff() {
            broken = true;
            notifyAll();
        }

        @SuppressWarnings("WaitNotInLoop") // The callers loop.
        private void pause(long millis) throws IOException {
            try {
                wait(millis);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new AsynchronousCloseException();
            }
        }
    }
}
