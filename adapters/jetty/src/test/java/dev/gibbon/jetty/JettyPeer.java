// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.jetty;

import java.nio.ByteBuffer;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.eclipse.jetty.websocket.api.Callback;
import org.eclipse.jetty.websocket.api.Session;

/** One WebSocket of Jetty's client, which keeps what comes. Public, or Jetty may not call it. */
public final class JettyPeer implements Session.Listener.AutoDemanding {
    private static final int DEADLINE_SECONDS = 60;

    private final BlockingQueue<Object> messages = new LinkedBlockingQueue<>();
    private final CompletableFuture<Integer> closed = new CompletableFuture<>();
    private volatile Session session;

    @Override
    public void onWebSocketOpen(Session opened) {
        session = opened;
    }

    @Override
    public void onWebSocketText(String text) {
        messages.add(text);
    }

    @Override
    public void onWebSocketBinary(ByteBuffer payload, Callback callback) {
        byte[] bytes = new byte[payload.remaining()];
        payload.get(bytes);
        callback.succeed();
        messages.add(ByteBuffer.wrap(bytes));
    }

    @Override
    public void onWebSocketClose(int code, String reason, Callback callback) {
        callback.succeed();
        closed.complete(code);
    }

    Session session() {
        return session;
    }

    /**
     * Talks until it is heard. Over HTTP/2, Jetty's client may lose the first that comes (12.1.14: its request takes
     * it for a body), so that one must not matter.
     */
    JettyPeer greet() throws Exception {
        for (int i = 0; i < DEADLINE_SECONDS; i++) {
            String hello = "hello " + i;
            text(hello);
            Object heard = messages.poll(1, TimeUnit.SECONDS);
            while (heard != null && !heard.equals(hello)) {
                heard = messages.poll(1, TimeUnit.SECONDS);
            }
            if (heard != null) {
                return this;
            }
        }
        throw new AssertionError("nothing is heard; closed: " + closed.getNow(0));
    }

    JettyPeer text(String text) throws Exception {
        Callback.Completable.with(callback -> session.sendText(text, callback)).get(DEADLINE_SECONDS, TimeUnit.SECONDS);
        return this;
    }

    JettyPeer binary(byte[] bytes) throws Exception {
        Callback.Completable.with(callback -> session.sendBinary(ByteBuffer.wrap(bytes), callback))
                .get(DEADLINE_SECONDS, TimeUnit.SECONDS);
        return this;
    }

    /** {@return the next message: a String or a ByteBuffer} */
    Object read() throws InterruptedException {
        Object message = messages.poll(DEADLINE_SECONDS, TimeUnit.SECONDS);
        if (message == null) {
            throw new AssertionError("no message within " + DEADLINE_SECONDS + " s; closed: " + closed.getNow(0));
        }
        return message;
    }

    void close(int code, String reason) {
        session.close(code, reason, Callback.NOOP);
    }

    /** {@return the code of the end, 1006 if it came without a Close frame} */
    int closed() throws Exception {
        return closed.get(DEADLINE_SECONDS, TimeUnit.SECONDS);
    }
}
