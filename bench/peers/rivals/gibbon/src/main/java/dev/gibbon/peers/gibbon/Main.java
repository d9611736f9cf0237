// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.peers.gibbon;

import dev.gibbon.Connection;
import dev.gibbon.ConnectionOptions;
import dev.gibbon.Exchange;
import dev.gibbon.Group;
import dev.gibbon.Listener;
import dev.gibbon.Message;
import dev.gibbon.MessageType;
import dev.gibbon.MessageView;
import dev.gibbon.OriginPolicy;
import dev.gibbon.PermessageDeflate;
import dev.gibbon.PreparedMessage;
import dev.gibbon.Upgrader;
import dev.gibbon.WebSocketServer;
import dev.gibbon.peers.common.Settings;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Locale;

/** Gibbon by one of its faces: {@code Main blocking|batch|event PORT [CERT KEY]}. */
public final class Main {
    private static final int MAX_CONNECTIONS = 200_000;

    private final Upgrader upgrader;
    private final Group members = new Group();

    private Main(Upgrader upgrader) {
        this.upgrader = upgrader;
    }

    public static void main(String[] args) throws Exception {
        Face face = Face.valueOf(args[0].toUpperCase(Locale.ROOT));
        Settings settings = Settings.of(Arrays.copyOfRange(args, 1, args.length));
        WebSocketServer.Builder builder =
                WebSocketServer.builder().bind("0.0.0.0", settings.port()).maxConnections(MAX_CONNECTIONS);
        new Main(upgrader(face, settings)).addRoutes(builder, face);
        settings.loops().ifPresent(builder::loops);
        if (settings.tls().isPresent()) {
            builder.tls(settings.tls().get().context());
        }
        try (WebSocketServer server = builder.start()) {
            Settings.ready();
            server.awaitShutdown();
        }
    }

    private void addRoutes(WebSocketServer.Builder builder, Face face) {
        switch (face) {
            case BLOCKING, BATCH -> builder.handle("/echo", this::echo).handle("/broadcast", this::broadcast);
            case EVENT -> builder.listen("/echo", upgrader, new Echo()).listen("/broadcast", upgrader, new Broadcast());
        }
    }

    private enum Face {
        BLOCKING,
        /** The same, but answers wait until all that came is read, and leave together. */
        BATCH,
        EVENT
    }

    private static Upgrader upgrader(Face face, Settings settings) {
        Upgrader.Builder builder = Upgrader.builder()
                .origins(OriginPolicy.any())
                .options(ConnectionOptions.builder()
                        .maxMessageBytes(Settings.MAX_MESSAGE_BYTES)
                        .batchWrites(face == Face.BATCH)
                        .build());
        if (settings.deflate()) {
            builder.permessageDeflate(PermessageDeflate.builder()
                    .level(settings.deflateLevel())
                    .serverNoContextTakeover(!settings.takeover())
                    .clientNoContextTakeover(!settings.takeover())
                    .thresholdBytes(0)
                    .build());
        }
        return builder.build();
    }

    private void echo(Exchange exchange) throws IOException {
        try (Connection ws = upgrader.upgrade(exchange)) {
            for (Message message; (message = ws.readMessage()) != null; ) {
                ws.writeMessage(message);
            }
        }
    }

    private void broadcast(Exchange exchange) throws IOException {
        try (Connection ws = upgrader.upgrade(exchange)) {
            members.join(ws);
            for (Message message; (message = ws.readMessage()) != null; ) {
                members.broadcast(prepared(message.type(), message.bytes()));
            }
        }
    }

    private static PreparedMessage prepared(MessageType type, byte[] payload) {
        return type == MessageType.TEXT
                ? PreparedMessage.text(new String(payload, StandardCharsets.UTF_8))
                : PreparedMessage.binary(payload);
    }

    /** One for all connections. */
    private static final class Echo implements Listener {
        @Override
        public void onText(Connection ws, MessageView message) throws IOException {
            ws.writeMessage(message);
        }

        @Override
        public void onBinary(Connection ws, MessageView message) throws IOException {
            ws.writeMessage(message);
        }
    }

    /** One for all connections. */
    private final class Broadcast implements Listener {
        @Override
        public void onOpen(Connection ws) {
            members.join(ws);
        }

        @Override
        public void onText(Connection ws, MessageView message) {
            send(message);
        }

        @Override
        public void onBinary(Connection ws, MessageView message) {
            send(message);
        }

        private void send(MessageView message) {
            members.broadcast(prepared(message.type(), message.toByteArray()));
        }
    }
}
