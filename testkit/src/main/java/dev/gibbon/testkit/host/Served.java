// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.testkit.host;

import dev.gibbon.CloseCode;
import dev.gibbon.CloseStatus;
import dev.gibbon.Connection;
import dev.gibbon.ConnectionHandler;
import dev.gibbon.Group;
import dev.gibbon.Listener;
import dev.gibbon.Message;
import dev.gibbon.MessageView;
import dev.gibbon.WebSocketException;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** What a site serves, and what became of it. Each path is there twice: see {@link Face#at}. */
final class Served {
    /** Sends back what comes. */
    static final String ECHO = "/echo";

    /**
     * Joins {@link #group} and does what a text message says: {@code close CODE REASON}, {@code abort}, {@code throw},
     * a handler also {@code return}; else sends it back.
     */
    static final String COMMAND = "/command";

    /** Sends as many {@link Pages} as a text message says. */
    static final String FLOOD = "/flood";

    /** A handler alone: reads nothing until {@link #released}, and then tells how many binary messages came. */
    static final String HOLD = "/hold";

    /** What {@code throw} throws. */
    static final String THROWN = "thrown by the application";

    private static final Duration LONG = Duration.ofMinutes(10);

    /** The connections of {@link #COMMAND} and {@link #HOLD}. */
    final LinkedBlockingQueue<Connection> opened = new LinkedBlockingQueue<>();

    final LinkedBlockingQueue<Flood> floods = new LinkedBlockingQueue<>();
    final Group group = new Group();
    final Semaphore released = new Semaphore(0);

    /** How many handlers have not returned, and how many listeners' connections have not ended. */
    final AtomicInteger atWork = new AtomicInteger();

    Map<String, ConnectionHandler> handlers() {
        return Map.of(
                Face.HANDLER.at(ECHO), handler((ws, message) -> ws.writeMessage(message)),
                Face.HANDLER.at(COMMAND), watched(handler((ws, message) -> obey(ws, message.text()))),
                Face.HANDLER.at(FLOOD), handler((ws, message) -> flood(ws, message.text())),
                Face.HANDLER.at(HOLD), watched(this::hold));
    }

    Map<String, Listener> listeners() {
        return Map.of(
                Face.LISTENER.at(ECHO), new Told((ws, message) -> ws.writeMessage(message)),
                Face.LISTENER.at(COMMAND), new Watched((ws, message) -> obey(ws, message.text())),
                Face.LISTENER.at(FLOOD), new Flooding());
    }

    /** {@return what serves a room: it greets with the room's name, and then echoes} */
    ConnectionHandler room(String name) {
        ConnectionHandler echo = handler((ws, message) -> ws.writeMessage(message));
        return ws -> {
            ws.writeText("room " + name);
            echo.handle(ws);
        };
    }

    // ---- Handlers

    private interface Read {
        void read(Connection ws, Message message) throws Exception;
    }

    private ConnectionHandler handler(Read read) {
        return ws -> {
            atWork.incrementAndGet();
            try {
                for (Message m = ws.readMessage(); m != null && !isReturn(m); m = ws.readMessage()) {
                    read.read(ws, m);
                }
            } finally {
                atWork.decrementAndGet();
            }
        };
    }

    private static boolean isReturn(Message message) {
        return message.length() == 6 && message.isText() && message.text().equals("return");
    }

    private ConnectionHandler watched(ConnectionHandler handler) {
        return ws -> {
            opened(ws);
            handler.handle(ws);
        };
    }

    private void opened(Connection ws) {
        group.join(ws);
        opened.add(ws);
    }

    private void flood(Connection ws, String pages) throws IOException {
        Flood flood = new Flood(ws, Integer.parseInt(pages));
        floods.add(flood);
        flood.write();
    }

    private void hold(Connection ws) throws Exception {
        if (!released.tryAcquire(LONG.toSeconds(), TimeUnit.SECONDS)) {
            throw new IllegalStateException("the test has not released it");
        }
        int messages = 0;
        for (Message m = ws.readMessage(); m != null && !m.isText(); m = ws.readMessage()) {
            if (Pages.number(m.bytes()) == messages) {
                messages++;
            }
        }
        ws.writeText(messages + " in order");
    }

    // ---- Both

    private static void obey(Connection ws, String command) throws IOException {
        String[] words = command.split(" ", 3);
        switch (words[0]) {
            case "close" -> ws.close(new CloseCode(Integer.parseInt(words[1])), words[2]);
            case "abort" -> ws.abort();
            case "throw" -> throw new IllegalStateException(THROWN);
            default -> ws.writeText(command);
        }
    }

    // ---- Listeners

    private interface Hear {
        void hear(Connection ws, MessageView message) throws IOException;
    }

    private class Told implements Listener {
        private final Hear hear;

        Told(Hear hear) {
            this.hear = hear;
        }

        @Override
        public void onOpen(Connection ws) throws IOException {
            atWork.incrementAndGet();
        }

        @Override
        public void onMessage(Connection ws, MessageView message) throws IOException {
            hear.hear(ws, message);
        }

        @Override
        public void onClose(Connection ws, CloseStatus status) {
            atWork.decrementAndGet();
        }

        @Override
        public void onFailure(Connection ws, WebSocketException failure) {
            atWork.decrementAndGet();
        }
    }

    private final class Watched extends Told {
        Watched(Hear hear) {
            super(hear);
        }

        @Override
        public void onOpen(Connection ws) throws IOException {
            super.onOpen(ws);
            opened(ws);
        }
    }

    private final class Flooding extends Told {
        private static final String UNDER_WAY = "flood";

        Flooding() {
            super((ws, message) -> {
                Flood flood = new Flood(ws, Integer.parseInt(message.text()));
                ws.attributes().put(UNDER_WAY, flood);
                floods.add(flood);
                flood.writeSome();
            });
        }

        @Override
        public void onWritable(Connection ws) throws IOException {
            if (ws.attributes().get(UNDER_WAY) instanceof Flood flood) {
                flood.writeSome();
            }
        }
    }
}
