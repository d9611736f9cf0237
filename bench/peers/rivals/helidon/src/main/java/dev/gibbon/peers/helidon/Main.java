// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.peers.helidon;

import dev.gibbon.peers.common.Settings;
import io.helidon.common.buffers.BufferData;
import io.helidon.common.tls.Tls;
import io.helidon.webserver.WebServer;
import io.helidon.webserver.WebServerConfig;
import io.helidon.webserver.websocket.WsConfig;
import io.helidon.webserver.websocket.WsRouting;
import io.helidon.websocket.WsListener;
import io.helidon.websocket.WsSession;
import java.io.ByteArrayOutputStream;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;

/** Helidon SE: a virtual thread per connection that reads frames and answers them itself. */
public final class Main {
    private Main() {}

    public static void main(String[] args) throws Exception {
        Settings settings = Settings.of(args);
        Map<WsSession, ReentrantLock> members = new ConcurrentHashMap<>();
        WebServerConfig.Builder server = WebServer.builder()
                .host("0.0.0.0")
                .port(settings.port())
                .backlog(Settings.BACKLOG)
                .idleConnectionTimeout(Duration.ofDays(1))
                .addProtocol(WsConfig.builder()
                        .maxFrameLength(Settings.MAX_MESSAGE_BYTES)
                        .build())
                .addRouting(WsRouting.builder()
                        .endpoint("/echo", Echo::new)
                        .endpoint("/broadcast", () -> new Broadcast(members)));
        if (settings.tls().isPresent()) {
            server.tls(Tls.builder().sslContext(settings.tls().get().context()).build());
        }
        server.build().start();
        Settings.ready();
    }

    /** Helidon delivers fragments as they come; an answer has the fragments of the message. */
    private static final class Echo implements WsListener {
        @Override
        public void onMessage(WsSession session, String text, boolean last) {
            session.send(text, last);
        }

        @Override
        public void onMessage(WsSession session, BufferData buffer, boolean last) {
            session.send(buffer, last);
        }
    }

    /**
     * Sends whole messages to all: the fragments of two senders
     * must not mix. A session is not safe for several threads.
     */
    private static final class Broadcast implements WsListener {
        private final Map<WsSession, ReentrantLock> members;

        // Thread of the connection only: what came of the message so far.
        private final StringBuilder text = new StringBuilder();
        private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

        private Broadcast(Map<WsSession, ReentrantLock> members) {
            this.members = members;
        }

        @Override
        public void onOpen(WsSession session) {
            members.put(session, new ReentrantLock());
        }

        @Override
        public void onMessage(WsSession session, String part, boolean last) {
            text.append(part);
            if (last) {
                String message = text.toString();
                text.setLength(0);
                members.forEach((member, lock) -> send(member, lock, () -> member.send(message, true)));
            }
        }

        @Override
        public void onMessage(WsSession session, BufferData part, boolean last) {
            bytes.writeBytes(part.readBytes());
            if (last) {
                byte[] message = bytes.toByteArray();
                bytes.reset();
                members.forEach(
                        (member, lock) -> send(member, lock, () -> member.send(BufferData.create(message), true)));
            }
        }

        private void send(WsSession member, ReentrantLock lock, Runnable send) {
            lock.lock();
            try {
                send.run();
            } catch (RuntimeException _) { // that member is gone
                members.remove(member);
            } finally {
                lock.unlock();
            }
        }

        @Override
        public void onClose(WsSession session, int status, String reason) {
            members.remove(session);
        }

        @Override
        public void onError(WsSession session, Throwable cause) {
            members.remove(session);
        }
    }
}
