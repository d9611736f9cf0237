// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * A listener that keeps what it is told, and watches over the order: onOpen first, never two calls at once or one
 * inside another, one end, and nothing behind it. What it found wrong fails the test that asks for the end. A test
 * overrides the {@code on...} methods of {@link Script} to do something there.
 */
final class Probe implements Listener {
    /** What a listener under test does besides; all of it optional. */
    static class Script {
        void open(Connection connection) throws IOException {}

        void message(Connection connection, MessageView message) throws IOException {}

        void part(Connection connection, MessageView part) throws IOException {}

        void ping(Connection connection) throws IOException {}

        void pong(Connection connection) throws IOException {}

        void writable(Connection connection) throws IOException {}

        void ended(Connection connection) {}

        long wholeMessageBytes() {
            return Long.MAX_VALUE;
        }
    }

    private final Script script;
    private final AtomicReference<@Nullable Thread> inside = new AtomicReference<>();
    private final ConcurrentLinkedQueue<String> wrong = new ConcurrentLinkedQueue<>();
    private final List<Message> messages = new ArrayList<>();
    private final AtomicInteger ends = new AtomicInteger();
    private boolean opened;
    final ConcurrentLinkedQueue<String> calls = new ConcurrentLinkedQueue<>();
    final AtomicInteger writable = new AtomicInteger();
    final CompletableFuture<Thread> thread = new CompletableFuture<>();
    final CompletableFuture<Rig.End> end = new CompletableFuture<>();

    Probe() {
        this(new Script());
    }

    Probe(Script script) {
        this.script = script;
    }

    private interface Call {
        void run() throws IOException;
    }

    private void call(String name, Call call) throws IOException {
        Thread other = inside.compareAndExchange(null, Thread.currentThread());
        if (other != null) {
            wrong.add(name + " on " + Thread.currentThread() + " while another call runs on " + other);
        }
        if (!name.equals("open") && !opened) {
            wrong.add(name + " before onOpen");
        }
        if (ends.get() > 0) {
            wrong.add(name + " behind the last call");
        }
        calls.add(name);
        try {
            call.run();
        } finally {
            inside.set(null);
        }
    }

    @Override
    public void onOpen(Connection connection) throws IOException {
        call("open", () -> {
            opened = true;
            thread.complete(Thread.currentThread());
            script.open(connection);
        });
    }

    @Override
    public void onText(Connection connection, MessageView message) throws IOException {
        call("text", () -> message(connection, message));
    }

    @Override
    public void onBinary(Connection connection, MessageView message) throws IOException {
        call("binary", () -> message(connection, message));
    }

    private void message(Connection connection, MessageView message) throws IOException {
        messages.add(message.toMessage());
        script.message(connection, message);
    }

    @Override
    public void onPart(Connection connection, MessageView part) throws IOException {
        call("part " + part.isFirst() + part.isLast(), () -> script.part(connection, part));
    }

    @Override
    public void onPing(Connection connection, ByteBuffer payload) throws IOException {
        call("ping", () -> script.ping(connection));
    }

    @Override
    public void onPong(Connection connection, ByteBuffer payload) throws IOException {
        call("pong", () -> script.pong(connection));
    }

    @Override
    public void onWritable(Connection connection) throws IOException {
        call("writable", () -> {
            writable.incrementAndGet();
            script.writable(connection);
        });
    }

    @Override
    public void onClose(Connection connection, CloseStatus status) {
        ended(connection, "close", Optional.empty());
    }

    @Override
    public void onFailure(Connection connection, WebSocketException failure) {
        ended(connection, "failure", Optional.of(failure));
    }

    private void ended(Connection connection, String name, Optional<WebSocketException> failure) {
        try {
            call(name, () -> script.ended(connection));
        } catch (IOException e) {
            throw new AssertionError(e);
        } finally {
            ends.incrementAndGet();
            end.complete(new Rig.End(List.copyOf(messages), failure));
        }
    }

    @Override
    public long wholeMessageBytes() {
        return script.wholeMessageBytes();
    }

    Rig.End awaitEnd() throws Exception {
        Rig.End seen = end.get(Rig.SECONDS, TimeUnit.SECONDS);
        expectOrderly();
        return seen;
    }

    void expectOrderly() {
        if (!wrong.isEmpty()) {
            throw new AssertionError("calls out of order: " + wrong);
        }
    }
}
