// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.jackson;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.Connection;
import dev.gibbon.ConnectionState;
import dev.gibbon.Dialer;
import dev.gibbon.Listener;
import dev.gibbon.MessageView;
import dev.gibbon.Upgrader;
import dev.gibbon.WebSocketServer;
import dev.gibbon.jackson.Orders.Order;
import dev.gibbon.jackson.Orders.Receipt;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A peer that sends what it likes gets an answer to each, on its connection, and another notices nothing. */
@Timeout(300)
class JsonHostileTest {
    private static final Json JSON = Json.create();

    private record Refusal(String at, boolean malformed) {}

    private static final List<String> HOSTILE = List.of(
            "",
            "\u0000",
            "[".repeat(1_000_000),
            "{\"a\":".repeat(200_000),
            "9".repeat(1_000_000),
            "-" + "0".repeat(1_000_000),
            "{\"id\":1e999999999}",
            "{\"id\":" + "1".repeat(999) + "}",
            "\"" + "\\u0000".repeat(100_000),
            "{\"" + "n".repeat(1_000_000) + "\":1}",
            "{\"counts\":{" + "\"k\":{},".repeat(100_000) + "}}",
            "{\"items\":[" + "null,".repeat(100_000) + "1]}",
            "{\"id\":1}".repeat(10_000),
            "\ufeff\ufeff{}",
            "{\"@class\":\"java.lang.Runtime\",\"id\":[]}");

    private static Object answer(Reading reading) throws IOException {
        try {
            Order order = reading.read();
            return order == null ? new Refusal("the end", false) : new Receipt(order.id(), 0);
        } catch (JsonMessageException e) {
            return new Refusal(
                    e.pointer().substring(0, Math.min(100, e.pointer().length())), e.isMalformed());
        }
    }

    private interface Reading {
        Order read() throws IOException;
    }

    private static void serve(Connection ws) throws IOException {
        while (ws.state() == ConnectionState.OPEN) {
            JSON.write(ws, answer(() -> JSON.read(ws, Order.class)));
        }
    }

    private static final class Events implements Listener {
        @Override
        public void onMessage(Connection ws, MessageView message) throws IOException {
            JSON.write(ws, answer(() -> JSON.read(message, Order.class)));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"/blocking", "/event"})
    void everyMessageIsAnsweredAndOthersAreServed(String path) throws Exception {
        try (WebSocketServer server = WebSocketServer.builder()
                        .bind("localhost", 0)
                        .serve("/blocking", JsonHostileTest::serve)
                        .listen("/event", Upgrader.create(), new Events())
                        .start();
                Connection hostile = Dialer.create().dial(URI.create("ws://localhost:" + server.port() + path));
                Connection control = Dialer.create().dial(URI.create("ws://localhost:" + server.port() + path))) {
            for (String message : HOSTILE) {
                hostile.writeText(message);
                assertTrue(JSON.read(hostile, Refusal.class).at().length() <= 100);
                isServed(control);
                isServed(hostile);
            }
            Random random = new Random(7);
            byte[] valid = JSON.message(Orders.ORDER).bytes();
            for (int i = 0; i < 500; i++) {
                byte[] mutated = valid.clone();
                mutated[random.nextInt(mutated.length)] = (byte) random.nextInt(256);
                hostile.writeBinary(mutated);
                String answer = hostile.readMessage().text();
                assertTrue(answer.startsWith("{\"at\"") || answer.startsWith("{\"order\""), answer);
            }
            isServed(control);
            hostile.writeBinary("no JSON".getBytes(StandardCharsets.UTF_8));
            assertTrue(JSON.read(hostile, Refusal.class).malformed());
        }
    }

    private static void isServed(Connection ws) throws IOException {
        JSON.write(ws, Orders.ORDER);
        assertEquals(new Receipt(7, 0), JSON.read(ws, Receipt.class));
    }
}
