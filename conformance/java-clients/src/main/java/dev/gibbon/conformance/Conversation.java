// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.conformance;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** One connection of a client, as the judge sees it: how to send, and what arrived. Any thread. */
final class Conversation {
    private static final long SECONDS = 20;

    /** Sends through a client, whichever it is. */
    interface Sending {
        /** Sends a text message. */
        void text(String text) throws Exception;

        /** Sends a binary message. */
        void binary(byte[] bytes) throws Exception;

        /** Begins the closing handshake. */
        void close(int code, String reason) throws Exception;
    }

    /**
     * Something that arrived.
     *
     * @param kind {@code text}, {@code binary}, {@code closed} or {@code failed}
     * @param bytes the payload; of the end, what the client says about it
     */
    private record Event(String kind, byte[] bytes) {}

    private final CompletableFuture<Sending> opened = new CompletableFuture<>();
    private final LinkedBlockingQueue<Event> events = new LinkedBlockingQueue<>();

    void opened(Sending sending) {
        opened.complete(sending);
    }

    void text(String text) {
        events.add(new Event("text", text.getBytes(StandardCharsets.UTF_8)));
    }

    void binary(byte[] bytes) {
        events.add(new Event("binary", bytes));
    }

    void closed(int code) {
        events.add(new Event("closed", Integer.toString(code).getBytes(StandardCharsets.UTF_8)));
        opened.completeExceptionally(new IllegalStateException("closed with " + code + " before it was open"));
    }

    void failed(Throwable why) {
        events.add(new Event("failed", String.valueOf(why).getBytes(StandardCharsets.UTF_8)));
        opened.completeExceptionally(why);
    }

    /** {@return what sends, once the connection is open} */
    Sending sending() throws InterruptedException, TimeoutException {
        try {
            return opened.get(SECONDS, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            throw new AssertionError("it did not connect: " + e.getCause(), e);
        }
    }

    void expectText(String text) throws InterruptedException {
        expect("text", text.getBytes(StandardCharsets.UTF_8));
    }

    void expectBinary(byte[] bytes) throws InterruptedException {
        expect("binary", bytes);
    }

    void expectClosed(int code) throws InterruptedException {
        expect("closed", Integer.toString(code).getBytes(StandardCharsets.UTF_8));
    }

    private void expect(String kind, byte[] bytes) throws InterruptedException {
        Event event = events.poll(SECONDS, TimeUnit.SECONDS);
        if (event == null) {
            throw new AssertionError("nothing came in " + SECONDS + " s; expected " + kind + " " + shown(bytes));
        }
        if (!event.kind().equals(kind) || !Arrays.equals(event.bytes(), bytes)) {
            throw new AssertionError("expected " + kind + " " + shown(bytes) + ", got " + event.kind() + " "
                    + (event.kind().equals("binary")
                            ? shown(event.bytes())
                            : new String(event.bytes(), StandardCharsets.UTF_8)
                                    .lines()
                                    .findFirst()
                                    .orElse("")));
        }
    }

    private static String shown(byte[] bytes) {
        int some = Math.min(bytes.length, 16);
        return bytes.length + " bytes " + HexFormat.of().formatHex(bytes, 0, some) + (some < bytes.length ? "…" : "");
    }
}
