// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.jackson;

import dev.gibbon.Connection;
import dev.gibbon.Message;
import dev.gibbon.MessageReader;
import dev.gibbon.MessageType;
import dev.gibbon.MessageView;
import dev.gibbon.PreparedMessage;
import java.io.IOException;
import java.io.InputStream;
import java.lang.reflect.Type;
import java.nio.ByteBuffer;
import java.util.Objects;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.type.TypeReference;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JavaType;
import tools.jackson.databind.ObjectReader;
import tools.jackson.databind.exc.InvalidDefinitionException;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.util.ByteBufferBackedInputStream;

/**
 * Messages that are JSON: reads and writes values by Jackson, as the bytes come and go, without a string in between.
 * Immutable, for any thread and any number of connections.
 *
 * <pre>{@code
 * Json json = Json.create();
 * server.serve("/orders", ws -> {
 *     for (Order order; (order = json.read(ws, Order.class)) != null; ) {
 *         json.write(ws, new Receipt(order.id()));
 *     }
 * });
 * }</pre>
 *
 * <p><b>Reading.</b> One message is one value. Both kinds of message are read, since many clients send JSON as binary;
 * what is written is text. The {@linkplain dev.gibbon.ConnectionOptions.Builder#maxMessageBytes connection} says how
 * long a message may be, and the mapper's {@link tools.jackson.core.StreamReadConstraints} how deep it may nest and how
 * long numbers, names and strings in it may be. A message that is no JSON, or none of the wanted type, is a {@link
 * JsonMessageException}, and the next read gets the next message. A type that Jackson cannot read whatever comes is the
 * application's fault, not the peer's: {@link InvalidDefinitionException}.
 *
 * <p><b>Writing.</b> A value that cannot be serialised throws Jackson's own exception, and nothing half-sent ever
 * counts as a message. A {@link dev.gibbon.ForwardingConnection} sees what is written by {@link
 * Connection#writeText(ByteBuffer)} or {@link Connection#nextWriter}, and what is read by {@link
 * Connection#nextReader()}.
 */
public final class Json {
    private final JsonMapper mapper;

    /** Whether something follows a value we look at ourselves: Jackson's exception would tell no reason. */
    private final ObjectReader reader;

    private final boolean oneValueAlone;

    private Json(JsonMapper mapper) {
        this.mapper = mapper;
        this.reader = mapper.reader().without(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);
        this.oneValueAlone = mapper.isEnabled(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);
    }

    /** {@return one with Jackson's defaults, those of {@link JsonMapper#shared()}} */
    public static Json create() {
        return new Json(JsonMapper.shared());
    }

    /**
     * {@return one that reads and writes as a mapper of the application's does}
     *
     * @param mapper with its modules, features and constraints
     */
    public static Json of(JsonMapper mapper) {
        return new Json(Objects.requireNonNull(mapper, "mapper"));
    }

    // ---- Reading

    /**
     * Reads the next message as a value while it comes. Blocks until all of it is there.
     *
     * <p>It is {@code null} only at the end: a message that says {@code null} is refused where a {@code T} is wanted;
     * read an {@link java.util.Optional} or a {@link tools.jackson.databind.JsonNode} where it may say so. A thread
     * that is interrupted inside a message loses that message; to wait a limited time, or to lose nothing, read by
     * {@link Connection#readMessage(java.time.Duration)} and {@link #read(Message, Class)}.
     *
     * @param ws where from
     * @param type what the message is
     * @param <T> that type
     * @return the value, or {@code null} once the peer has closed cleanly
     * @throws JsonMessageException if the message is no JSON, or no {@code T}; read on
     * @throws dev.gibbon.InterruptedCallException if the thread was interrupted while it waited; read on
     * @throws dev.gibbon.WebSocketException at any other end of the connection, as {@link Connection#nextReader()} says
     * @throws IllegalStateException if another thread reads, a listener has the connection, or a loop's thread calls
     */
    public <T> @Nullable T read(Connection ws, Class<T> type) throws IOException {
        return read(ws, typeOf(type));
    }

    /**
     * Reads the next message as a value of a generic type; see {@link #read(Connection, Class)}.
     *
     * @param ws where from
     * @param type what the message is, for instance {@code new TypeReference<List<Order>>() {}}
     * @param <T> that type
     * @return the value, or {@code null} once the peer has closed cleanly
     * @throws JsonMessageException if the message is no JSON, or no {@code T}; read on
     * @throws dev.gibbon.WebSocketException at any end but a clean one
     */
    public <T> @Nullable T read(Connection ws, TypeReference<T> type) throws IOException {
        return read(ws, typeOf(type));
    }

    /**
     * Reads the next message as a value of a type that was put together; see {@link #read(Connection, Class)}.
     *
     * @param ws where from
     * @param type what the message is
     * @param <T> that type; nothing checks that
     * @return the value, or {@code null} once the peer has closed cleanly
     * @throws JsonMessageException if the message is no JSON, or not of that type; read on
     * @throws dev.gibbon.WebSocketException at any end but a clean one
     */
    @SuppressWarnings("TypeParameterUnusedInFormals")
    public <T> @Nullable T read(Connection ws, JavaType type) throws IOException {
        Objects.requireNonNull(type, "type");
        MessageReader message = ws.nextReader();
        if (message == null) {
            return null;
        }
        MessageInput input = new MessageInput(message);
        try {
            return parse(message.type(), type, () -> reader.createParser(input));
        } catch (JsonMessageException | JacksonException e) {
            IOException failure = input.failure();
            if (failure != null) {
                throw failure;
            }
            throw e;
        }
    }

    /**
     * Reads what a listener was shown, where it lies.
     *
     * @param message a whole message
     * @param type what it is
     * @param <T> that type
     * @return the value, never {@code null}; the listener's to keep
     * @throws JsonMessageException if the message is no JSON, or no {@code T}; a listener that throws it on fails the
     *     connection with 1011
     * @throws IllegalStateException if this is part of a message, or the listener's call has returned
     */
    public <T> T read(MessageView message, Class<T> type) throws JsonMessageException {
        return read(message, typeOf(type));
    }

    /**
     * Reads what a listener was shown as a value of a generic type; see {@link #read(MessageView, Class)}.
     *
     * @param message a whole message
     * @param type what it is
     * @param <T> that type
     * @return the value, never {@code null}
     * @throws JsonMessageException if the message is no JSON, or no {@code T}
     * @throws IllegalStateException if this is part of a message, or the listener's call has returned
     */
    public <T> T read(MessageView message, TypeReference<T> type) throws JsonMessageException {
        return read(message, typeOf(type));
    }

    /**
     * Reads what a listener was shown as a value of a type that was put together; see {@link
     * #read(MessageView, Class)}.
     *
     * @param message a whole message
     * @param type what it is
     * @param <T> that type; nothing checks that
     * @return the value, never {@code null}
     * @throws JsonMessageException if the message is no JSON, or not of that type
     * @throws IllegalStateException if this is part of a message, or the listener's call has returned
     */
    @SuppressWarnings("TypeParameterUnusedInFormals")
    public <T> T read(MessageView message, JavaType type) throws JsonMessageException {
        Objects.requireNonNull(type, "type");
        if (!message.isFirst() || !message.isLast()) {
            throw new IllegalStateException("this is part of a message; a value is a whole one");
        }
        return parse(message.type(), type, parserOf(message.bytes()));
    }

    /**
     * Reads a message that is there, for instance of {@link Connection#readMessage(java.time.Duration)} or of a
     * {@link dev.gibbon.reconnect.ReconnectingClient}.
     *
     * @param message the message
     * @param type what it is
     * @param <T> that type
     * @return the value, never {@code null}
     * @throws JsonMessageException if the message is no JSON, or no {@code T}
     */
    public <T> T read(Message message, Class<T> type) throws JsonMessageException {
        return read(message, typeOf(type));
    }

    /**
     * Reads a message that is there as a value of a generic type; see {@link #read(Message, Class)}.
     *
     * @param message the message
     * @param type what it is
     * @param <T> that type
     * @return the value, never {@code null}
     * @throws JsonMessageException if the message is no JSON, or no {@code T}
     */
    public <T> T read(Message message, TypeReference<T> type) throws JsonMessageException {
        return read(message, typeOf(type));
    }

    /**
     * Reads a message that is there as a value of a type that was put together; see {@link #read(Message, Class)}.
     *
     * @param message the message
     * @param type what it is
     * @param <T> that type; nothing checks that
     * @return the value, never {@code null}
     * @throws JsonMessageException if the message is no JSON, or not of that type
     */
    @SuppressWarnings("TypeParameterUnusedInFormals")
    public <T> T read(Message message, JavaType type) throws JsonMessageException {
        Objects.requireNonNull(type, "type");
        return parse(message.type(), type, parserOf(ByteBuffer.wrap(message.bytes())));
    }

    private JavaType typeOf(Type type) {
        return mapper.constructType(Objects.requireNonNull(type, "type"));
    }

    private JavaType typeOf(TypeReference<?> type) {
        return mapper.constructType(Objects.requireNonNull(type, "type"));
    }

    private Supplier<JsonParser> parserOf(ByteBuffer bytes) {
        if (bytes.hasArray()) {
            int offset = bytes.arrayOffset() + bytes.position();
            return () -> reader.createParser(bytes.array(), offset, bytes.remaining());
        }
        InputStream stream = new ByteBufferBackedInputStream(bytes);
        return () -> reader.createParser(stream);
    }

    @SuppressWarnings("TypeParameterUnusedInFormals")
    private <T> T parse(MessageType kind, JavaType type, Supplier<JsonParser> source) throws JsonMessageException {
        try (JsonParser parser = open(kind, type, source)) {
            try {
                T value = reader.forType(type).readValue(parser);
                if (oneValueAlone && parser.nextToken() != null) {
                    throw JsonMessageException.of(kind, type, "another value follows it");
                }
                if (value == null) {
                    throw JsonMessageException.of(kind, type, "null");
                }
                return value;
            } catch (InvalidDefinitionException e) {
                throw e;
            } catch (JacksonException e) {
                throw JsonMessageException.of(kind, type, new Complaint(e, parser.currentToken()));
            }
        }
    }

    private static JsonParser open(MessageType kind, JavaType type, Supplier<JsonParser> source)
            throws JsonMessageException {
        try {
            return source.get();
        } catch (JacksonException e) { // The first bytes tell its encoding.
            throw JsonMessageException.of(kind, type, new Complaint(e, null));
        }
    }

    // ---- Writing

    /**
     * Sends a value as a text message. Returns once the transport has all of it, unless {@link
     * dev.gibbon.ConnectionOptions#batchWrites()} holds it back. Any thread may call this.
     *
     * <p>A large value is streamed in constant memory, and other messages wait until it has ended. If serialising it
     * fails after a part has left, the connection fails with 1011 in the middle of the message, as {@link
     * dev.gibbon.MessageWriter#abandon()} says. One below 64 KiB never does that, nor does one that is written on the
     * thread of an event loop: nothing can wait there, so the whole value is serialised first.
     *
     * @param ws where to
     * @param value what to say; {@code null} is JSON's
     * @throws JacksonException if the value cannot be serialised; the peer gets nothing of it as a message. The same
     *     holds for what the value's own code throws, which Jackson may not wrap.
     * @throws dev.gibbon.InterruptedCallException if the thread was interrupted while it waited; a message that had
     *     begun is sent whole nevertheless
     * @throws dev.gibbon.ConnectionClosedException if a Close frame was sent or received before this message began
     * @throws dev.gibbon.WebSocketException if the connection is lost, or its queue is full
     */
    public void write(Connection ws, @Nullable Object value) throws IOException {
        if (Connection.isLoopThread()) {
            ws.writeText(ByteBuffer.wrap(mapper.writeValueAsBytes(value)));
            return;
        }
        MessageOutput output = new MessageOutput(ws);
        boolean written = false;
        try {
            mapper.writeValue(output, value);
            written = true;
        } catch (JacksonException e) {
            IOException failure = output.failure();
            if (failure != null) {
                throw failure;
            }
            throw e;
        } finally {
            if (!written) {
                output.abandon();
            }
        }
        output.complete();
    }

    /**
     * {@return a value serialised once, to be sent to many connections}
     *
     * @param value what to say
     * @throws JacksonException if the value cannot be serialised
     */
    public PreparedMessage prepare(@Nullable Object value) {
        return PreparedMessage.text(ByteBuffer.wrap(mapper.writeValueAsBytes(value)));
    }

    /**
     * {@return a value as a message, for a {@link dev.gibbon.reconnect.ReconnectingClient} for instance}
     *
     * @param value what to say
     * @throws JacksonException if the value cannot be serialised
     */
    public Message message(@Nullable Object value) {
        return Message.text(mapper.writeValueAsBytes(value));
    }
}
