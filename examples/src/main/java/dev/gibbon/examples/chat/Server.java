// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.examples.chat;

import dev.gibbon.Connection;
import dev.gibbon.ConnectionOptions;
import dev.gibbon.Exchange;
import dev.gibbon.Message;
import dev.gibbon.Upgrader;
import dev.gibbon.WebSocketServer;
import dev.gibbon.examples.Running;
import java.io.IOException;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** One room: what anybody says, everybody hears. Whoever cannot keep up is dropped, so that nobody waits for them. */
public final class Server {
    private final Set<Member> members = ConcurrentHashMap.newKeySet();
    private final Upgrader upgrader = Upgrader.builder()
            .options(ConnectionOptions.builder()
                    .maxMessageBytes(512)
                    .keepalive(Duration.ofSeconds(54), Duration.ofSeconds(6))
                    .build())
            .build();

    private Server() {}

    /**
     * Serves until stopped.
     *
     * @param args none
     * @throws Exception if the port is in use
     */
    public static void main(String[] args) throws Exception {
        try (WebSocketServer server = start(Running.port())) {
            Running.untilStopped(server);
        }
    }

    static WebSocketServer start(int port) throws IOException {
        Server chat = new Server();
        return WebSocketServer.builder()
                .bind("localhost", port)
                .handle("/", Running::answerPage)
                .handle("/ws", chat::join)
                .start();
    }

    private void join(Exchange exchange) throws IOException {
        try (Connection ws = upgrader.upgrade(exchange)) {
            Member member = new Member(ws);
            Thread writer = Thread.startVirtualThread(member::writeAll);
            members.add(member);
            try {
                for (Message message; (message = ws.readMessage()) != null; ) {
                    if (message.isText()) {
                        String text = message.text();
                        members.forEach(other -> other.tell(text));
                    }
                }
            } finally {
                members.remove(member);
                writer.interrupt();
            }
        }
    }
}
