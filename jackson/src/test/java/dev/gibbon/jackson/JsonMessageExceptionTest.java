// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.jackson;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import dev.gibbon.Message;
import dev.gibbon.jackson.Orders.Numbers;
import dev.gibbon.jackson.Orders.Order;
import dev.gibbon.jackson.Orders.Receipt;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.time.Instant;
import java.util.HexFormat;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.exc.InvalidDefinitionException;
import tools.jackson.databind.exc.MismatchedInputException;
import tools.jackson.databind.json.JsonMapper;

/** What is said of messages that cannot be read, and that the connection goes on after each. */
@Timeout(300)
class JsonMessageExceptionTest {
    private static final Json JSON = Json.create();
    private static final Receipt RECEIPT = new Receipt(1, 2);

    /** Of a message by a connection, which then brings the next one. */
    private static JsonMessageException refused(String message, Class<?> type) throws Exception {
        JsonMessageException whole =
                assertThrows(JsonMessageException.class, () -> JSON.read(Message.text(message), type));
        try (Pair pair = Pair.create()) {
            pair.peer().sendText(message);
            pair.peer().sendText(JSON.message(RECEIPT).text());
            JsonMessageException e = assertThrows(JsonMessageException.class, () -> JSON.read(pair.connection(), type));
            assertEquals(RECEIPT, JSON.read(pair.connection(), Receipt.class));
            assertEquals(whole.getMessage(), e.getMessage());
            assertEquals(whole.isMalformed(), e.isMalformed());
            return e;
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "hello               | line 1, column 1: what stands there is not allowed there",
                "{\"order\":1        | line 1, column 11: it ends inside the value",
                "{\"order\":1,}      | line 1, column 12: what stands there is not allowed there",
                "{\"order\":01}      | line 1, column 11: what stands there is not allowed there",
                "{\"order\":NaN}     | line 1, column 13: what stands there is not allowed there",
                "{'order':1}         | line 1, column 2: what stands there is not allowed there",
            })
    void whatIsNoJsonIsMalformed(String message, String where) throws Exception {
        JsonMessageException e = refused(message.strip(), Receipt.class);
        assertEquals("text message is no JSON that may be read, " + where, e.getMessage());
        assertTrue(e.isMalformed());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "`` | : nothing where Order is expected | ``",
                "[] | : an array where Order is expected | ``",
                "true | : a boolean where Order is expected | ``",
                "{\"id\":\"secret\"} | : a string that is no long | /id",
                "{\"id\":99999999999999999999} | : a number that is no long | /id",
                "{\"id\":1e400} | : a number that is no long | /id",
                "{\"items\":[{\"cents\":1},{\"name\":{}}]} | : an object where String is expected | /items/1/name",
                "{\"id\":1,\"items\":[{\"cents\":-1}]} | : the application did not accept it | /items/0",
                "{\"id\":1,\"counts\":{\"a/b~\":\"secret\"}} | : a string that is no Integer | /counts/a~1b~0",
                "{\"id\":1} {\"id\":2} | : another value follows it | ``",
            })
    void whatIsOfAnotherTypeDoesNotFit(String message, String reason, String pointer) throws Exception {
        JsonMessageException e = refused(message, Order.class);
        String said = e.getMessage();
        assertTrue(said.startsWith("text message does not fit dev.gibbon.jackson.Orders$Order"), said);
        assertTrue(said.endsWith(reason), said);
        assertEquals(pointer, e.pointer());
        assertTrue(pointer.isEmpty() || said.contains(", at " + pointer), said);
        assertFalse(said.contains("secret"), said);
        assertFalse(e.isMalformed());
    }

    @Test
    void valuesOfThePeerAreNotInALog() throws Exception {
        String forged = "2026-01-01 SEVERE all is lost";
        record At(Instant at) {}
        for (Class<?> type : new Class<?>[] {At.class, Map.class, Numbers.class}) {
            String name = type == At.class ? "at" : "whole";
            String message = type == Map.class ? "{\"at\":" + forged : "{\"" + name + "\":\"\\n" + forged + "\"}";
            JsonMessageException e = refused(message, type);
            StringWriter trace = new StringWriter();
            e.printStackTrace(new PrintWriter(trace));
            assertFalse(trace.toString().contains("SEVERE"), trace::toString);
        }
        Message named = Message.text("{\"id\":1,\"counts\":{\"\\n" + "x".repeat(1000) + "\":[]}}");
        JsonMessageException e = assertThrows(JsonMessageException.class, () -> JSON.read(named, Order.class));
        assertTrue(e.getMessage().contains("/counts/\\u000axxx"), e.getMessage());
        assertTrue(e.getMessage().length() < 300, e.getMessage());
        assertTrue(e.pointer().length() > 1000);
    }

    @Test
    void jacksonsExceptionIsThereButIsNoCause() throws Exception {
        JsonMessageException e = refused("{\"id\":\"abc\"}", Order.class);
        assertNull(e.getCause());
        MismatchedInputException problem =
                assertInstanceOf(MismatchedInputException.class, e.problem().orElseThrow());
        assertTrue(problem.getMessage().contains("abc"));
    }

    @Test
    void whatTheApplicationThrewIsTheCause() throws Exception {
        JsonMessageException e = refused("{\"id\":1,\"items\":[{\"cents\":-1}]}", Order.class);
        assertEquals(
                "no price below zero",
                assertInstanceOf(IllegalArgumentException.class, e.getCause()).getMessage());
    }

    @Test
    void unknownPropertiesAndTypesAreNamed() throws Exception {
        Json strict = Json.of(JsonMapper.builder()
                .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
                .build());
        Message more = Message.text("{\"order\":1,\"items\":2,\"vat\":3}");
        JsonMessageException e = assertThrows(JsonMessageException.class, () -> strict.read(more, Receipt.class));
        assertTrue(e.getMessage().endsWith("at /vat: no such property is known"), e.getMessage());
        Message shape = Message.text("{\"kind\":\"java.lang.Runtime\"}");
        e = assertThrows(JsonMessageException.class, () -> JSON.read(shape, Shape.class));
        assertTrue(e.getMessage().endsWith(": the type that it names is not known"), e.getMessage());
    }

    @JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "kind")
    @JsonSubTypes(@JsonSubTypes.Type(value = Shape.Square.class, name = "square"))
    private sealed interface Shape {
        record Square(int side) implements Shape {}
    }

    /** Jackson looks at the first bytes for an encoding; there are some that look like one and are none. */
    @Test
    void bytesOfNoEncodingAreMalformed() {
        for (String bytes : new String[] {"0000fffe", "0000feff00110000", "fffe", "22c328", "80", "ff"}) {
            Message message = Message.binary(HexFormat.of().parseHex(bytes));
            JsonMessageException e = assertThrows(JsonMessageException.class, () -> JSON.read(message, JsonNode.class));
            assertTrue(e.getMessage().startsWith("binary message"), e.getMessage());
        }
    }

    @Test
    void typesThatJacksonCannotReadAreTheApplicationsFault() throws Exception {
        interface Unknown {}
        try (Pair pair = Pair.create()) {
            pair.peer().sendText("{}");
            pair.peer().sendText("1");
            assertThrows(InvalidDefinitionException.class, () -> JSON.read(pair.connection(), Unknown.class));
            assertEquals(1, JSON.read(pair.connection(), Integer.class));
        }
    }

    @Test
    void limitsOfTheMapperHold() throws Exception {
        assertTrue(JSON.read(nested(500), JsonNode.class).isArray());
        JsonMessageException deep =
                assertThrows(JsonMessageException.class, () -> JSON.read(nested(501), Object.class));
        assertTrue(deep.isMalformed());
        assertTrue(deep.getMessage().contains("nesting depth (501)"), deep.getMessage());
        assertEquals(
                1000, JSON.read(digits(1000), Numbers.class).whole().toString().length());
        JsonMessageException wide =
                assertThrows(JsonMessageException.class, () -> JSON.read(digits(1001), Numbers.class));
        assertTrue(wide.getMessage().contains("length (1001)"), wide.getMessage());
        Message scaled = Message.text("{\"whole\":1e1000000000}");
        JsonMessageException far = assertThrows(JsonMessageException.class, () -> JSON.read(scaled, Numbers.class));
        assertTrue(far.getMessage().contains("scale"), far.getMessage());
        assertEquals(
                -1_000_000_000,
                JSON.read(Message.text("{\"decimal\":1e1000000000}"), Numbers.class)
                        .decimal()
                        .scale());
    }

    private static Message nested(int depth) {
        return Message.text("[".repeat(depth) + "]".repeat(depth));
    }

    private static Message digits(int count) {
        return Message.text("{\"whole\":" + "9".repeat(count) + "}");
    }
}
