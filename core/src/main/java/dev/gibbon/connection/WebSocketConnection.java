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
import dev.gibbon.Group;
import dev.gibbon.HandshakeException;
import dev.gibbon.HandshakeTimeoutException;
import dev.gibbon.InterruptedCallException;
import dev.gibbon.Listener;
import dev.gibbon.Message;
import dev.gibbon.MessageReader;
import dev.gibbon.MessageTooBigException;
import dev.gibbon.MessageType;
import dev.gibbon.MessageView;
import dev.gibbon.MessageWriter;
import dev.gibbon.PreparedMessage;
import dev.gibbon.ProtocolException;
import dev.gibbon.QueueFullException;
import dev.gibbon.ReadTimeoutException;
import dev.gibbon.Role;
import dev.gibbon.TimeSource;
import dev.gibbon.WebSocketException;
import dev.gibbon.WriteTimeoutException;
import dev.gibbon.deflate.MessageInflater;
import dev.gibbon.deflate.ZlibPool;
import dev.gibbon.frame.FrameHeader;
import dev.gibbon.frame.Opcode;
import dev.gibbon.protocol.ClosePayload;
import dev.gibbon.protocol.ClosingHandshake;
import dev.gibbon.protocol.Limits;
import dev.gibbon.protocol.Protocol;
import dev.gibbon.transport.Stream;
import java.io.IOException;
import java.io.InputStream;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import javax.net.ssl.SSLSession;
import org.jspecify.annotations.Nullable;

/** The one connection: wires the protocol machine to a stream by way of an input, an output and a life cycle. */
public final class WebSocketConnection implements Connection, Ticks.Member {
    private static final Duration FOR_EVER = ChronoUnit.FOREVER.getDuration();

    private final Engine engine;
    private final Stream stream;
    private final Protocol protocol;
    private final ConnectionOptions options;
    private final Optional<String> subprotocol;

    /** Null unless permessage-deflate was agreed on. */
    private final @Nullable Compression compression;

    private final Lifecycle lifecycle;
    private final Sender sender;
    private final ControlFrames controlFrames;
    private final Input input;
    private final Ending ending;
    private final Turn turn;
    private final Mailbox mailbox;
    private final Reading reading;
    private final Watch watch;
    private final Driver driver;

    /** Where messages go: the mailbox, until a listener takes over. Changed in a turn. */
    private volatile Sink sink;

    /** Where the round of the ticks has this connection; guarded by the lock of that. */
    private int tickPlace;

    /** The listener to tell of the end; null once that is done. */
    private volatile @Nullable Listener toTell;

    // Changed under the monitor of lifecycle, which every connection has anyway.
    private volatile @Nullable ConcurrentMap<String, Object> attributes;
    private volatile @Nullable OutgoingMessage openWriter;
    private @Nullable Set<Group> groups;

    private @Nullable Runnable onClosed;

    /** The pattern of the route that it came by, for the log. */
    private final String route;

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
        this.route = request.route();
        this.attributes = request.attributes();
        this.handler = request.handler();
        this.engine = engine;
        this.stream = carrier.stream();
        this.options = options;
        this.subprotocol = subprotocol;
        this.compression = compression;
        TimeSource time = engine.time();
        MessageInflater inflater = null;
        Compressor compressor = null;
        if (compression != null) {
            ZlibPool pool = engine.zlib(compression.options().level());
            inflater = new MessageInflater(pool, compression.agreement().incoming(role));
            compressor = new Compressor(compression, role, pool);
        }
        this.protocol = new Protocol(role, limits(options), engine.maskingKeys(), time::nanoTime, inflater);
        this.lifecycle = new Lifecycle(protocol.closing(), this, options.closeTimeout());
        Output output = new Output(this, stream, protocol.outbound(), options);
        this.sender = new Sender(this, output, options, compressor);
        this.controlFrames = new ControlFrames(this, sender, options);
        this.mailbox = new Mailbox(this, protocol.closing(), options.maxReadAheadBytes());
        this.reading = new Reading(mailbox, lifecycle);
        this.sink = mailbox;
        this.input = new Input(this, protocol.inbound(), stream, new Assembly(this, protocol.inbound()), leftover);
        this.ending = new Ending(lifecycle, stream);
        this.turn = new Turn(this);
        this.watch = new Watch(this, options, time.nanoTime());
        this.driver = carrier.driver(turn);
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
        connection.driver.execute(connection::start);
        return connection;
    }

    private void start() {
        try {
            driver.start();
            turn.begin();
        } catch (IOException e) {
            lifecycle.lost(e);
        }
    }

    private static Limits limits(ConnectionOptions options) {
        return new Limits(
                options.maxFrameBytes(),
                options.maxMessageBytes(),
                options.maxFragments(),
                options.maxControlFramesPerMinute());
    }

    // ---- The parts, for each other

    Engine engine() {
        return engine;
    }

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

    Mailbox mailbox() {
        return mailbox;
    }

    ControlFrames controlFrames() {
        return controlFrames;
    }

    Stream stream() {
        return stream;
    }

    long maxMessageBytes() {
        return options.maxMessageBytes();
    }

    boolean isGone() {
        return protocol.closing().state() == ConnectionState.CLOSED;
    }

    @Override
    public Duration shortestTimeout() {
        return Watch.shortest(options);
    }

    @Override
    public int place() {
        return tickPlace;
    }

    @Override
    public void place(int place) {
        tickPlace = place;
    }

    @Override
    public void tick(long now) {
        watch.tick(now);
    }

    @Override
    public void broken(Throwable defect) {
        lifecycle.lost(defect);
    }

    void keepalivePing() {
        // Whatever comes after it will do: nobody waits for this Pong.
        controlFrames.pingLater(new byte[0]);
    }

    /** Input that had to wait goes on. Any thread. */
    void resumeInput() {
        driver.execute(turn::resume);
    }

    /** Something has changed that a turn looks at. Any thread. */
    void settleLater() {
        if (driver.onThread()) {
            driver.touch();
        } else {
            driver.execute(turn::settle);
        }
    }

    /** Writing has failed. Any thread. */
    void writeFailed(Throwable why) {
        lifecycle.writeFailed(why);
        driver.execute(() -> turn.outputFailed(why));
    }

    /** The protocol is done: what is queued leaves, and the transport ends. Any thread. */
    void finish() {
        if (driver.onThread()) {
            ending.begin();
            driver.touch();
        } else {
            driver.execute(() -> {
                ending.begin();
                turn.settle();
            });
        }
    }

    /** {@return the library's own connection, behind those that forward to it} */
    public static WebSocketConnection behind(Connection connection) {
        return switch (Objects.requireNonNull(connection, "connection")) {
            case WebSocketConnection own -> own;
            case ForwardingConnection forwarding -> behind(forwarding.delegate());
        };
    }

    // ---- Groups

    /** Begins the closing handshake, unless that has happened, and does not wait for it. Any thread. */
    public void closeLater(CloseStatus status) {
        if (!isGone()) {
            lifecycle.closeLater(status, null);
        }
    }

    /** This connection leaves {@code group} when it ends, or now if it has. */
    public void leaveAtEnd(Group group) {
        synchronized (lifecycle) {
            if (groups == null) {
                groups = new HashSet<>(2);
            }
            groups.add(group);
        }
        if (lifecycle.state() == ConnectionState.CLOSED) {
            leaveGroups();
        }
    }

    public void left(Group group) {
        synchronized (lifecycle) {
            if (groups != null) {
                groups.remove(group);
            }
        }
    }

    private void leaveGroups() {
        Set<Group> joined;
        synchronized (lifecycle) {
            joined = groups;
            groups = null;
        }
        if (joined != null) {
            joined.forEach(group -> group.leave(this));
        }
    }

    // ---- The end

    /** Runs {@code task} once the connection is closed, or now if it is. */
    public void onClosed(Runnable task) {
        synchronized (lifecycle) {
            onClosed = task;
        }
        if (lifecycle.state() == ConnectionState.CLOSED) {
            runOnClosed();
        }
    }

    private void runOnClosed() {
        Runnable task;
        // It may be the thread that asks, and the one that ends the connection.
        synchronized (lifecycle) {
            task = onClosed;
            onClosed = null;
        }
        if (task != null) {
            task.run();
        }
    }

    /** The transport is gone: gives everything back and tells whoever waits. Any thread. */
    void released() {
        engine.unregister(this);
        leaveGroups();
        sender.fail();
        OutgoingMessage writer = openWriter;
        if (writer != null) {
            writer.lost();
        }
        controlFrames.end(lifecycle.closedForWriting());
        // Perhaps in a call of the listener, which is to be its last but for the end.
        if (driver.onThread()) {
            input.stop();
        }
        mailbox.end();
        driver.execute(turn::gone);
        runOnClosed();
    }

    /** {@return whether a listener has this connection and will be told of its end} */
    public boolean hasListener() {
        return mailbox.isRetired();
    }

    /** Tells the listener how the connection ended, once it has the connection. In a turn. */
    void tellEnd() {
        Listener told = toTell;
        if (told == null || sink == mailbox) {
            return;
        }
        toTell = null;
        WebSocketException failure = lifecycle.lastFailure();
        HoldUp holdUp = driver.loop().holdUp();
        holdUp.begin(told);
        try {
            if (failure != null) {
                told.onFailure(this, failure);
            } else {
                told.onClose(this, closeStatus().orElse(CloseStatus.EMPTY));
            }
        } catch (RuntimeException | Error e) { // The application's: there is nothing left to close.
            String call = failure != null ? "onFailure of " : "onClose of ";
            engine.log().applicationThrew(call + nameOf(told), this, e);
        } finally {
            holdUp.end();
        }
    }

    public static String nameOf(Object code) {
        return code.getClass().getName();
    }

    // ---- Code of the application that throws

    /**
     * Code of the application threw: says so in the log, unless it only
     * passed on that this connection has ended, and fails it with 1011.
     *
     * @param code what threw
     * @return what a read reports from now on
     */
    WebSocketException applicationThrew(String code, Throwable thrown) {
        if (!isOwnEnd(thrown)) {
            engine.log().applicationThrew(code, this, thrown);
        }
        return lifecycle.handlerFailed(thrown);
    }

    /** {@return whether an exception says no more than that this connection has ended} */
    private boolean isOwnEnd(Throwable thrown) {
        if (lifecycle.state() == ConnectionState.OPEN) {
            return false;
        }
        for (Throwable cause = thrown; cause != null; cause = cause.getCause()) {
            if (isOurs(cause)) {
                return true;
            }
        }
        return false;
    }

    /** {@return whether it is the library that says so, and not an adapter or the application} */
    private static boolean isOurs(Throwable thrown) {
        return thrown instanceof ConnectionClosedException
                || thrown instanceof ProtocolException
                || thrown instanceof MessageTooBigException
                || thrown instanceof WriteTimeoutException
                || thrown instanceof ReadTimeoutException
                || thrown instanceof InterruptedCallException
                || thrown instanceof QueueFullException
                || thrown instanceof HandshakeException
                || thrown instanceof HandshakeTimeoutException;
    }

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
        boolean putOff = run != null && run.take();
        if (thrown != null) {
            handlerThrew("a handler", thrown);
        } else if (putOff) {
            close(CloseCode.NORMAL, "");
        }
    }

    /**
     * Code of the application that had this connection for itself threw: says so in the log, unless it only passed on
     * that the connection has ended, and does a closing handshake with 1011 without waiting for it.
     */
    void handlerThrew(String code, Throwable thrown) {
        if (!isOwnEnd(thrown)) {
            engine.log().applicationThrew(code, this, thrown);
            lifecycle.closeLater(new CloseStatus(CloseCode.INTERNAL_ERROR, ""), lifecycle.handlerThrew(thrown));
        }
    }

    /** Leaves the Close frame to the handler's end if this is its thread. {@return whether it does} */
    private boolean putOffClose() {
        HandlerRun run = handler;
        if (run == null || !run.isOnThread() || lifecycle.state() != ConnectionState.OPEN) {
            return false;
        }
        if (hasListener()) {
            return false;
        }
        try {
            sender.delivery().flush();
        } catch (IOException _) {
            return true; // The connection was lost meanwhile, and everything is taken down.
        }
        return run.putOff(() -> {
            lifecycle.closeLater(new CloseStatus(CloseCode.NORMAL, ""), null);
        });
    }

    /** The handler goes on with a connection that it has closed: it was no exception that closed it. */
    private void closeIfPutOff() {
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
    public Optional<String> subprotocol() {
        return subprotocol;
    }

    @Override
    public List<String> extensions() {
        return compression == null ? List.of() : List.of(compression.extension());
    }

    @Override
    public Optional<SocketAddress> localAddress() {
        return stream.localAddress();
    }

    @Override
    public Optional<SocketAddress> peerAddress() {
        return stream.peerAddress();
    }

    @Override
    public Optional<SSLSession> tlsSession() {
        return stream.tlsSession();
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
        ClosingHandshake.Progress progress = lifecycle.closing().progress();
        boolean known = progress.received() != null || progress.state() == ConnectionState.CLOSED;
        return known ? Optional.of(progress.ending()) : Optional.empty();
    }

    @Override
    public CompletableFuture<CloseStatus> closed() {
        closeIfPutOff();
        return lifecycle.end();
    }

    @Override
    public @Nullable Message readMessage() throws IOException {
        return readMessage(FOR_EVER);
    }

    @Override
    public @Nullable Message readMessage(Duration atMost) throws IOException {
        closeIfPutOff();
        return reading.readMessage(Objects.requireNonNull(atMost, "atMost"));
    }

    @Override
    public @Nullable MessageReader nextReader() throws IOException {
        return nextReader(FOR_EVER);
    }

    @Override
    public @Nullable MessageReader nextReader(Duration atMost) throws IOException {
        closeIfPutOff();
        return reading.nextReader(Objects.requireNonNull(atMost, "atMost"));
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
        mailbox.retire();
        byte[] taken = reading.takeGathered();
        boolean skipRest = reading.leavesStream();
        sender.delivery().queueing();
        driver.execute(() -> takeOver(listener, wholeBytes, taken, skipRest));
    }

    /** The listener gets the connection, and first what nobody has read. In a turn. */
    private void takeOver(Listener listener, long wholeBytes, byte[] taken, boolean skipRest) {
        toTell = listener;
        controlFrames.listener(listener);
        ListenerSink shown = new ListenerSink(this, listener, wholeBytes);
        mailbox.release();
        sink = shown;
        try {
            shown.open();
            input.assembly().takeOver(taken, skipRest);
            for (Mailbox.Item item = mailbox.poll(); item != null; item = mailbox.poll()) {
                input.assembly().takeOver(item);
            }
        } catch (Exception | Error e) {
            // The application's: anything may come, and only this connection may suffer.
            input.failed(e);
        }
        if (ending.phase() == Ending.Phase.GONE) {
            tellEnd();
        } else {
            turn.resume();
            driver.touch();
        }
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
        ByteBuffer source = view.source();
        int limit = source.limit();
        int position = source.position();
        source.limit(view.offset() + view.length()).position(view.offset());
        try {
            endOwnWriter();
            sender.message(message.isText() ? Opcode.TEXT : Opcode.BINARY, source, view);
        } finally {
            source.limit(limit).position(position);
        }
    }

    @Override
    public void writeText(String text) throws IOException {
        send(Opcode.TEXT, Text.encode(Objects.requireNonNull(text, "text")));
    }

    @Override
    public void writeBinary(ByteBuffer payload) throws IOException {
        send(Opcode.BINARY, Objects.requireNonNull(payload, "payload"));
    }

    @Override
    public void writeBinary(byte[] payload) throws IOException {
        send(Opcode.BINARY, Objects.requireNonNull(payload, "payload"));
    }

    @Override
    public void writeMessage(Message message) throws IOException {
        Objects.requireNonNull(message, "message");
        send(message.isText() ? Opcode.TEXT : Opcode.BINARY, message.bytes());
    }

    private void send(Opcode opcode, byte[] payload) throws IOException {
        endOwnWriter();
        sender.message(opcode, payload);
    }

    private void send(Opcode opcode, ByteBuffer payload) throws IOException {
        endOwnWriter();
        sender.message(opcode, payload, null);
    }

    @Override
    public MessageWriter nextWriter(MessageType type) throws IOException {
        Objects.requireNonNull(type, "type");
        endOwnWriter();
        boolean compressed = sender.compressesStream(type == MessageType.TEXT ? Opcode.TEXT : Opcode.BINARY);
        sender.beginMessage();
        OutgoingMessage message = new OutgoingMessage(sender, engine.buffers(), type, compressed);
        openWriter = message;
        if (state() == ConnectionState.CLOSED) {
            message.lost();
        }
        return message;
    }

    @Override
    public void writeMessage(MessageType type, MessageWriter.Content content) throws IOException {
        Objects.requireNonNull(content, "content");
        try (MessageWriter message = nextWriter(type)) {
            boolean whole = false;
            try {
                content.writeTo(message);
                whole = true;
            } finally {
                if (!whole) {
                    message.abandon();
                }
            }
        }
    }

    /** A thread that begins a message ends the one it left open; waiting for itself would be for ever. */
    private void endOwnWriter() throws IOException {
        closeIfPutOff();
        OutgoingMessage open = openWriter;
        if (open != null && open.openOnThisThread()) {
            openWriter = null;
            boolean _ = open.completeOrAbandon();
        }
    }

    @Override
    public void writePrepared(PreparedMessage message) throws IOException {
        EncodedMessage encoded = EncodedMessage.of(message);
        endOwnWriter();
        sender.prepared(encoded);
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
        sender.delivery().batching(on);
        if (!on) {
            sender.delivery().flush();
        }
    }

    @Override
    public CompletableFuture<Duration> ping() throws IOException {
        closeIfPutOff();
        CompletableFuture<Duration> roundTrip = new Promise<>("the round trip of a Ping");
        controlFrames.ping(roundTrip);
        return roundTrip;
    }

    @Override
    public void ping(ByteBuffer payload) throws IOException {
        sendControl(Opcode.PING, payload);
    }

    @Override
    public void pong(ByteBuffer payload) throws IOException {
        sendControl(Opcode.PONG, payload);
    }

    private void sendControl(Opcode opcode, ByteBuffer payload) throws IOException {
        Objects.requireNonNull(payload, "payload");
        closeIfPutOff();
        if (payload.remaining() > FrameHeader.MAX_CONTROL_PAYLOAD) {
            throw new IllegalArgumentException(
                    opcode + " payload " + payload.remaining() + " > " + FrameHeader.MAX_CONTROL_PAYLOAD + " (§5.5)");
        }
        controlFrames.send(opcode, payload);
    }

    @Override
    public void setControlListener(ControlListener listener) {
        controlFrames.controlListener(Objects.requireNonNull(listener, "listener"));
    }

    @Override
    public void setMaxMessageBytes(long bytes) {
        ConnectionOptions changed = options.toBuilder()
                .maxMessageBytes(bytes)
                .maxFrameBytes(options.maxFrameBytes() == options.maxMessageBytes() ? bytes : options.maxFrameBytes())
                .build();
        protocol.inbound().limits(limits(changed));
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
        if (!putOffClose()) {
            close(CloseCode.NORMAL, "");
        }
    }

    @Override
    public void close(CloseCode code, String reason) {
        CloseStatus status = new CloseStatus(code, reason);
        // Refuses what must not be sent before anything happens.
        byte[] _ = ClosePayload.encode(status);
        closeIfPutOff();
        if (!isGone()) {
            lifecycle.closeLater(status, null);
        }
        if (sender.output().onTurn()) { // It must not wait.
            return;
        }
        try {
            while (!lifecycle.awaitClosed(options.closeTimeout())) {}
        } catch (InterruptedException _) {
            // The wait ends; the closing handshake goes on, within its time.
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void abort() {
        lifecycle.drop(new ConnectionClosedException("the connection was aborted on this side", null, null, null));
    }

    @Override
    public String toString() {
        String where = route.isEmpty() ? "" : ", route " + route;
        String peer = peerAddress().map(address -> ", peer " + address).orElse("");
        return "WebSocket " + protocol.role() + " " + lifecycle.state() + where + peer;
    }
}
