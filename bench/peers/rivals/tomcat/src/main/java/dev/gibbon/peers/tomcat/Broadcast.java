// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.peers.tomcat;

import jakarta.websocket.CloseReason;
import jakarta.websocket.Endpoint;
import jakarta.websocket.EndpointConfig;
import jakarta.websocket.MessageHandler;
import jakarta.websocket.Session;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;

/** Sends whole messages to all sessions. A session refuses a second sender while one is at it, so each has a lock. */
final class Broadcast extends Endpoint {
    private final Map<Session, ReentrantLock> members = new ConcurrentHashMap<>();

    @Override
    public void onOpen(Session session, EndpointConfig config) {
        members.put(session, new ReentrantLock());
        StringBuilder text = new StringBuilder();
        session.addMessageHandler(String.class, (MessageHandler.Partial<String>) (part, last) -> {
            text.append(part);
            if (last) {
                String message = text.toString();
                text.setLength(0);
                members.forEach(
                        (to, lock) -> send(to, lock, () -> to.getBasicRemote().sendText(message)));
            }
        });
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        session.addMessageHandler(byte[].class, (MessageHandler.Partial<byte[]>) (part, last) -> {
            bytes.writeBytes(part);
            if (last) {
                byte[] message = bytes.toByteArray();
                bytes.reset();
                members.forEach(
                        (to, lock) -> send(to, lock, () -> to.getBasicRemote().sendBinary(ByteBuffer.wrap(message))));
            }
        });
    }

    private void send(Session to, ReentrantLock lock, Echo.Send send) {
        lock.lock();
        try {
            send.run();
        } catch (IOException | IllegalStateException _) { // that session is gone
            members.remove(to);
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void onClose(Session session, CloseReason reason) {
        members.remove(session);
    }

    @Override
    public void onError(Session session, Throwable cause) {
        members.remove(session);
    }
}
