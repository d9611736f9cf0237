// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.connection;

import dev.gibbon.CloseCode;
import dev.gibbon.CloseStatus;
import dev.gibbon.Connection;
import dev.gibbon.ConnectionClosedException;
import dev.gibbon.ConnectionOptions;
import dev.gibbon.ConnectionState;
import dev.gibbon.ControlListener;
import dev.gibbon.ForwardingConnection;
import dev.gibbon.Listener;
import dev.gibbon.Message;
import dev.gibbon.MessageReader;
import dev.gibbon.MessageType;
import dev.gibbon.MessageView;
import dev.gibbon.MessageWriter;
import dev.gibbon.PreparedMessage;
import dev.gibbon.Role;
import dev.gibbon.deflate.MessageInflater;
import dev.gibbon.frame.Opcode;
import dev.gibbon.protocol.ClosePayload;
import dev.gibbon.protocol.Protocol;
import dev.gibbon.transport.Stream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import org.jspecify.annotations.Nullable;

/** The one connection: wires the protocol machine to a stream by way of an input, an output and a life cycle. */
public final class WebSocketConnection extends ConnectionFacts implements Connection {
    private static final Duration FOR_EVER = ChronoUnit.FOREVER.getDuration();

    private final Protocol protocol;
    private final ConnectionOptions options;
    private final Lifecycle lifecycle;
    private final Sender sender;
    private final ControlFrames controlFrames;
    private final Input input;
    private final Ending ending;
    private final Turn turn;
    private final Writing writing;
    private final Watch watch;
    private final Driver driver;

    /** What threads do that read; let go where a listener takes over, as it costs a sixth of a kilobyte. */
    private volatile @Nullable Reading reading;

    /** Null where nobody observes it. */
    private final @Nullable Observed observed;

    /** Where messages go: the mailbox, until a listener takes over. Changed in a turn. */
    private volatile Sink sink;

    /** Changed under the monitor of lifecycle, which every connection has anyway. */
    private volatile @Nullable ConcurrentMap<String, Object> attributes;

    /** The handler that has opened it and not returned yet. */
    private volatile @Nullable HandlerRun handler;

    private WebSocketConnection(
            Engine engine,
            Carrier carrier,
            Role role,
            ConnectionOptions options,
            Optional<String> subprotocol,
            @Nullable Compression compression,
            ByteBuffer leftover,
            RequestContext request) {
        super(engine, carrier.stream(), subprotocol, compression, request);
        this.attributes = request.attributes();
        this.handler = request.handler();
        this.options = options;
        Stream stream = stream();
        MessageInflater inflater = compression == null ? null : compression.inflater(engine, role);
        Compressor compressor = compression == null ? null : compression.compressor(engine, role);
        this.protocol = new Protocol(role, engine.limits(options), engine.maskingKeys(), engine.clock(), inflater);
        this.lifecycle = new Lifecycle(protocol.closing(), this, options.closeTimeout());
        Output output = new Output(this, stream, protocol.outbound(), options);
        this.sender = new Sender(this, output, options, compressor);
        this.controlFrames = new ControlFrames(this, sender, options);
        Mailbox mailbox = new Mailbox(this, protocol.closing(), options.maxReadAheadBytes());
        this.reading = new Reading(mailbox, lifecycle);
        this.writing = new Writing(this, sender);
        this.sink = mailbox;
        Assembly assembly = new Assembly(this, protocol.inbound());
        this.input = new Input(this, options, protocol.inbound(), stream, assembly, request.quotas(), leftover);
        this.ending = new Ending(lifecycle, stream);
        this.turn = new Turn(this);
        this.watch = new Watch(this, options, engine.time().nanoTime());
        this.driver = carrier.driver(turn);
        this.observed = engine.observers().of(this);
    }

    /**
     * Opens a connection on a stream whose opening handshake is done.
     *
     * @param leftover came with it, and is copied
     */
    public static WebSocketConnection open(
            Engine engine,
            Carrier carrier,
            Role role,
            ConnectionOptions options,
            Optional<String> subprotocol,
            @Nullable Compression compression,
            ByteBuffer leftover,
            RequestContext request) {
        WebSocketConnection connection =
                new WebSocketConnection(engine, carrier, role, options, subprotocol, compression, leftover, request);
        engine.register(connection);
        if (connection.observed != null) {
            connection.observed.opened();
        }
        connection.driver.execute(connection.turn::begin);
        return connection;
    }

    // ---- The parts, for each other

    Driver driver() {
        return driver;
    }

    public Lifecycle lifecycle() {
        return lifecycle;
    }

    public Sender sender() {
        return sender;
    }

    public Input input() {
        return input;
    }

    Ending ending() {
        return ending;
    }

    Sink sink() {
        return sink;
    }

    /** A listener takes over. In a turn. */
    void sink(ListenerSink listening) {
        sink = listening;
    }

    ControlFrames controlFrames() {
        return controlFrames;
    }

    Writing writing() {
        return writing;
    }

    Turn turn() {
        return turn;
    }

    Watch watch() {
        return watch;
    }

    /** {@return what observes it; null where nobody does} */
    @Nullable
    Observed observed() {
        return observed;
    }

    /** Something has changed that a turn looks at. Any thread. */
    void settleLater() {
        turn.settleLater();
    }

    /** Writing has failed. Any thread. */
    void writeFailed(Throwable why) {
        lifecycle.writeFailed(why);
        driver.execute(() -> turn.outputFailed(why));
    }

    /** {@return the library's own connection, behind those that forward to it} */
    public static WebSocketConnection behind(Connection connection) {
        return switch (Objects.requireNonNull(connection, "connection")) {
            case WebSocketConnection own -> own;
            case ForwardingConnection forwarding -> behind(forwarding.delegate());
        };
    }

    /** {@return whether a listener has this connection and will be told of its end} */
    public boolean hasListener() {
        return reading == null;
    }

    // ---- The handler

    /** A handler that has this connection for itself begins, on the calling thread. */
    public void handlerBegins(HandlerRun run) {
        handler = run;
    }

    /**
     * The handler that has opened this connection has ended, so that a Close frame that was put off goes out now.
     *
     * @param thrown by what it ended, if by an exception
     */
    public void handlerEnded(@Nullable Throwable thrown) {
        HandlerRun run = handler;
        handler = null;
        HandlerRun.ended(run, this, thrown);
    }

    /** The handler goes on with a connection that it has closed: it was no exception that closed it. */
    void closeIfPutOff() {
        HandlerRun run = handler;
        if (run != null && run.isOnThread() && run.take()) {
            close(CloseCode.NORMAL, "");
        }
    }

    // ---- What users call

    @Override
    public Role role() {
        return protocol.role();
    }

    @Override
    public ConcurrentMap<String, Object> attributes() {
        ConcurrentMap<String, Object> known = attributes;
        if (known != null) {
            return known;
        }
        synchronized (lifecycle) {
            known = attributes;
            if (known == null) {
                known = new ConcurrentHashMap<>();
                attributes = known;
            }
            return known;
        }
    }

    @Override
    public ConnectionState state() {
        closeIfPutOff();
        HandlerRun run = handler;
        ConnectionState state = lifecycle.state();
        return run != null && run.isPutOff() && state == ConnectionState.OPEN ? ConnectionState.CLOSING : state;
    }

    @Override
    public Optional<CloseStatus> closeStatus() {
        closeIfPutOff();
        return lifecycle.closeStatus();
    }

    @Override
    public CompletableFuture<CloseStatus> closed() {
        closeIfPutOff();
        return lifecycle.end();
    }

    @Override
    public @Nullable Message readMessage() throws IOException {
        closeIfPutOff();
        return reading().readMessage(FOR_EVER); // One frame less on the stack that an idle connection keeps.
    }

    @Override
    public @Nullable Message readMessage(Duration atMost) throws IOException {
        Objects.requireNonNull(atMost, "atMost");
        closeIfPutOff();
        return reading().readMessage(atMost);
    }

    private Reading reading() {
        Reading known = reading;
        if (known == null) {
            throw new IllegalStateException("this connection has a listener, which gets its messages");
        }
        return known;
    }

    @Override
    public @Nullable MessageReader nextReader() throws IOException {
        return nextReader(FOR_EVER);
    }

    @Override
    public @Nullable MessageReader nextReader(Duration atMost) throws IOException {
        Objects.requireNonNull(atMost, "atMost");
        closeIfPutOff();
        return reading().nextReader(atMost);
    }

    @Override
    public InputStream joinMessages(String terminator) {
        return new JoinedMessages(this, Text.encode(Objects.requireNonNull(terminator, "terminator")));
    }

    @Override
    public void listen(Listener listener) {
        Objects.requireNonNull(listener, "listener");
        closeIfPutOff();
        // The application's: it may throw, and nothing has changed yet.
        listen(listener, listener.wholeMessageBytes());
    }

    /** The same, for a listener that has been asked. */
    public void listen(Listener listener, long wholeBytes) {
        Reading readers = reading();
        Mailbox mailbox = readers.mailbox();
        mailbox.retire();
        byte[] taken = readers.takeGathered();
        boolean skipRest = readers.leavesStream();
        reading = null;
        sender.delivery().queueing();
        ListenerSink shown = new ListenerSink(this, listener, wholeBytes);
        driver.execute(() -> shown.takeOver(mailbox, taken, skipRest));
    }

    @Override
    public long queuedBytes() {
        return sender.queuedBytes();
    }

    @Override
    public long missedBroadcasts() {
        return sender.missedBroadcasts();
    }

    @Override
    public void writeMessage(MessageView message) throws IOException {
        ReceivedView view = switch (Objects.requireNonNull(message, "message")) {
            case ReceivedView known -> known;
        };
        writing.message(view);
    }

    @Override
    public void writeText(String text) throws IOException {
        writing.message(Opcode.TEXT, Text.encode(Objects.requireNonNull(text, "text")));
    }

    @Override
    public void writeText(ByteBuffer utf8) throws IOException {
        writing.message(Opcode.TEXT, Text.requireUtf8(Objects.requireNonNull(utf8, "utf8")));
    }

    @Override
    public void writeBinary(ByteBuffer payload) throws IOException {
        writing.message(Opcode.BINARY, Objects.requireNonNull(payload, "payload"));
    }

    @Override
    public void writeBinary(byte[] payload) throws IOException {
        writing.message(Opcode.BINARY, Objects.requireNonNull(payload, "payload"));
    }

    @Override
    public void writeMessage(Message message) throws IOException {
        Objects.requireNonNull(message, "message");
        writing.message(message.isText() ? Opcode.TEXT : Opcode.BINARY, message.bytes());
    }

    @Override
    public MessageWriter nextWriter(MessageType type) throws IOException {
        return writing.next(Objects.requireNonNull(type, "type"));
    }

    @Override
    public void writeMessage(MessageType type, MessageWriter.Content content) throws IOException {
        Objects.requireNonNull(content, "content");
        writing.streamed(Objects.requireNonNull(type, "type"), content);
    }

    @Override
    public void writePrepared(PreparedMessage message) throws IOException {
        writing.prepared(EncodedMessage.of(message));
    }

    @Override
    public void setWriteCompression(boolean on) {
        sender.compressing(on);
    }

    @Override
    public void flush() throws IOException {
        closeIfPutOff();
        sender.delivery().flush();
    }

    @Override
    public void setBatchWrites(boolean on) throws IOException {
        writing.batching(on);
    }

    @Override
    public CompletableFuture<Duration> ping() throws IOException {
        closeIfPutOff();
        return controlFrames.ping();
    }

    @Override
    public void ping(ByteBuffer payload) throws IOException {
        writing.control(Opcode.PING, Objects.requireNonNull(payload, "payload"));
    }

    @Override
    public void pong(ByteBuffer payload) throws IOException {
        writing.control(Opcode.PONG, Objects.requireNonNull(payload, "payload"));
    }

    @Override
    public void setControlListener(ControlListener listener) {
        controlFrames.controlListener(Objects.requireNonNull(listener, "listener"));
    }

    @Override
    public void setMaxMessageBytes(long bytes) {
        input.maxMessageBytes(bytes, options);
    }

    @Override
    public void setWriteTimeout(Duration atMost) {
        if (!Objects.requireNonNull(atMost, "atMost").isPositive()) {
            throw new IllegalArgumentException("atMost must be positive: " + atMost);
        }
        sender.delivery().timeout(atMost);
    }

    @Override
    public void close() {
        HandlerRun run = handler;
        if (run == null || hasListener() || !run.putsOffClose(this)) {
            close(CloseCode.NORMAL, "");
        }
    }

    @Override
    public void close(CloseCode code, String reason) {
        CloseStatus status = new CloseStatus(code, reason);
        // Refuses what must not be sent before anything happens.
        byte[] _ = ClosePayload.encode(status);
        closeIfPutOff();
        lifecycle.closeLater(status);
        if (!sender.output().onTurn()) { // There it must not wait.
            lifecycle.awaitEnd();
        }
    }

    @Override
    public void abort() {
        lifecycle.drop(new ConnectionClosedException("the connection was aborted on this side", null, null, null));
    }

    @Override
    public String toString() {
        return name(lifecycle.state());
    }
}
