// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import dev.gibbon.extension.deflate.MessageInflater;
import dev.gibbon.extension.deflate.ZlibPool;
import dev.gibbon.frame.FrameHeader;
import dev.gibbon.frame.Opcode;
import dev.gibbon.internal.LoopTransport;
import dev.gibbon.protocol.ClosePayload;
import dev.gibbon.protocol.ClosingHandshake;
import dev.gibbon.protocol.Protocol;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import javax.net.ssl.SSLSession;
import org.jspecify.annotations.Nullable;

/** The one connection: wires the protocol machine to a transport by way of a receiver, a sender and a life cycle. */
final class WebSocketConnection implements Connection, Ticks.Member {
    /** What is read behind our own Close frame, at most, unless one message may be longer. */
    private static final long MAX_DISCARDED = 1L << 20;

    /** How long {@link #close} leaves it to another reader before it looks whether that still reads. */
    private static final Duration LOOK_AGAIN = Duration.ofMillis(20);

    /**
     * How long to read once a write has failed. All that a peer sent before it reset the transport is there; where
     * something else failed the peer may say nothing.
     */
    private static final Duration BEFORE_THE_END = Duration.ofSeconds(1);

    /** What to do instead of waiting for a message on a loop's thread. */
    static final String READ_REMEDY =
            "give that connection to a listener too (Connection.listen), or read on a thread of your own";

    private final Engine engine;
    private final Transport transport;
    private final Protocol protocol;
    private final ConnectionOptionsRecord options;
    private final Optional<String> subprotocol;

    /** Null unless permessage-deflate was agreed on. */
    private final @Nullable Compression compression;

    private final Lifecycle lifecycle;
    private final Sender sender;
    private final ControlFrames controlFrames;
    /** Reads for threads that block; gone once a loop has taken over. */
    private volatile @Nullable Receiver receiver;

    private final Watch watch;

    /** Where the round of the ticks has this connection; guarded by the lock of that. */
    private int tickPlace;

    /** How messages come in: the receiver, until a listener takes over. */
    private volatile Input input;

    private volatile @Nullable LoopConnection loop;

    /** Who is told of the end, once nobody reads any more. */
    private @Nullable Listener toTell;

    // Changed under the monitor of lifecycle, which every connection has anyway.
    private volatile @Nullable ConcurrentMap<String, Object> attributes;
    private TimeSource.@Nullable Timer writeDeadline;
    private volatile @Nullable OutgoingMessage openWriter;

    // Guarded by the monitor of lifecycle.
    private @Nullable Set<Group> groups;

    private volatile @Nullable Runnable onClosed;

    /** The pattern of the route that it came by, for the log. */
    private final String route;

    /** The handler that has opened it and not returned yet. */
    private volatile @Nullable HandlerRun handler;

    private WebSocketConnection(
            Engine engine,
            Transport transport,
            Role role,
            ConnectionOptionsRecord options,
            Optional<String> subprotocol,
            @Nullable Compression compression,
            ByteBuffer leftover,
            RequestContext request) {
        this.route = request.route();
        this.attributes = request.attributes();
        this.handler = request.handler();
        this.engine = engine;
        this.transport = transport;
        this.options = options;
        this.subprotocol = subprotocol;
        TimeSource time = engine.time();
        this.compression = compression;
        MessageInflater inflater = null;
        Compressor compressor = null;
        if (compression != null) {
            ZlibPool pool = engine.zlib(compression.options().level());
            inflater = new MessageInflater(pool, compression.agreement().incoming(role));
            compressor = new Compressor(compression, role, pool);
        }
        this.protocol = new Protocol(role, options.limits(), engine.maskingKeys(), time::nanoTime, inflater);
        this.lifecycle = new Lifecycle(protocol.closing(), role, transport, engine, options.closeTimeout());
        this.sender = new Sender(engine, transport, protocol.outbound(), lifecycle, options, compressor);
        this.controlFrames = new ControlFrames(sender, time);
        Receiver blocking = new Receiver(
                engine,
                transport,
                protocol.inbound(),
                lifecycle,
                sender,
                controlFrames,
                Math.max(MAX_DISCARDED, options.maxMessageBytes()),
                leftover);
        this.receiver = blocking;
        this.input = blocking;
        this.watch = new Watch(this, options, time.nanoTime());
    }

    /**
     * Opens a connection on a transport whose opening handshake is done; {@code leftover} came with it and is copied.
     */
    static WebSocketConnection open(
            Engine engine,
            Transport transport,
            Role role,
            ConnectionOptions options,
            Optional<String> subprotocol,
            ByteBuffer leftover) {
        return open(engine, transport, role, options, subprotocol, null, leftover);
    }

    /** The same, where permessage-deflate may have been agreed on. */
    static WebSocketConnection open(
            Engine engine,
            Transport transport,
            Role role,
            ConnectionOptions options,
            Optional<String> subprotocol,
            @Nullable Compression compression,
            ByteBuffer leftover) {
        return open(engine, transport, role, options, subprotocol, compression, leftover, RequestContext.NONE);
    }

    /** The same, of a request to a server. */
    static WebSocketConnection open(
            Engine engine,
            Transport transport,
            Role role,
            ConnectionOptions options,
            Optional<String> subprotocol,
            @Nullable Compression compression,
            ByteBuffer leftover,
            RequestContext request) {
        ConnectionOptionsRecord known = switch (options) {
            case ConnectionOptionsRecord values -> values;
        };
        WebSocketConnection connection =
                new WebSocketConnection(engine, transport, role, known, subprotocol, compression, leftover, request);
        connection.lifecycle.connection(connection);
        engine.register(connection);
        return connection;
    }

    Lifecycle lifecycle() {
        return lifecycle;
    }

    Sender sender() {
        return sender;
    }

    Receiver receiver() {
        Receiver blocking = receiver;
        if (blocking == null) {
            throw new IllegalStateException("this connection has a listener, which gets its messages");
        }
        return blocking;
    }

    Input input() {
        return input;
    }

    ControlFrames controlFrames() {
        return controlFrames;
    }

    /** {@return the loop's side, once a listener is on a loop} */
    @Nullable
    LoopConnection loop() {
        return loop;
    }

    @Nullable
    EventLoop eventLoop() {
        LoopConnection side = loop;
        return side == null ? null : side.loop();
    }

    long maxMessageBytes() {
        return options.maxMessageBytes();
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

    /** This connection leaves {@code group} when it ends, or now if it has. */
    void leaveAtEnd(Group group) {
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

    void left(Group group) {
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

    /** Runs {@code task} once the connection is closed, or now if it is. */
    void onClosed(Runnable task) {
        onClosed = task;
        if (lifecycle.state() == ConnectionState.CLOSED) {
            runOnClosed();
        }
    }

    private void runOnClosed() {
        Runnable task = onClosed;
        if (task != null) {
            onClosed = null;
            task.run();
        }
    }

    /** The transport is gone: gives everything back and tells whoever waits. */
    void released() {
        engine.unregister(this);
        leaveGroups();
        sender.fail();
        OutgoingMessage writer = openWriter;
        if (writer != null) {
            writer.lost();
        }
        Receiver blocking = receiver;
        if (blocking != null) {
            blocking.giveBack();
        }
        clearWriteDeadline();
        controlFrames.end(lifecycle.closedForWriting());
        LoopConnection side = loop;
        if (side != null) {
            side.released();
        }
        runOnClosed();
    }

    /** {@return whether the calling thread is in a read of this connection} */
    boolean readsHere() {
        Receiver blocking = receiver;
        return blocking != null && blocking.readsOnThisThread();
    }

    /** A write has failed: reads what the peer sent before, or has whoever reads do so. */
    void readBeforeTheEnd() {
        Receiver blocking = receiver;
        if (blocking == null) {
            return;
        }
        try {
            for (long left = BEFORE_THE_END.dividedBy(LOOK_AGAIN); left > 0; left--) {
                if (blocking.readBeforeTheEnd(BEFORE_THE_END)) {
                    return;
                }
                if (lifecycle.closing().progress().received() != null || lifecycle.awaitClosed(LOOK_AGAIN)) {
                    return;
                }
            }
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    /** Reads on until the closing handshake is done, for a connection whose reader has left. */
    void drainLater() {
        Receiver blocking = receiver;
        if (blocking != null) {
            engine.start("gibbon-close", () -> {
                boolean _ = blocking.drain();
            });
        }
    }

    /** {@return whether no thread reads, and there is no listener} */
    boolean unread() {
        Receiver blocking = receiver;
        return blocking != null && blocking.unread();
    }

    /** Has a thread look for what a reader would see at once, for a connection that nobody reads. */
    void lookLater() {
        if (lifecycle.closing().progress().sent() != null) {
            drainLater();
            return;
        }
        Receiver blocking = receiver;
        if (blocking != null) {
            engine.start("gibbon-look", blocking::look);
        }
    }

    void keepalivePing() {
        sender.pingLater(new byte[0]); // Whatever comes after it will do: nobody waits for this Pong.
    }

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
        return transport.localAddress();
    }

    @Override
    public Optional<SocketAddress> peerAddress() {
        return transport.peerAddress();
    }

    @Override
    public Optional<SSLSession> tlsSession() {
        return transport.tlsSession();
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
        if (progress.received() != null) {
            return Optional.of(progress.received());
        }
        return progress.state() == ConnectionState.CLOSED ? Optional.of(CloseStatus.LOST) : Optional.empty();
    }

    @Override
    public @Nullable Message readMessage() throws IOException {
        closeIfPutOff();
        Receiver blocking = receiver();
        LoopGuard.mayWait("readMessage", READ_REMEDY);
        return blocking.readMessage();
    }

    @Override
    public @Nullable MessageReader nextReader() throws IOException {
        closeIfPutOff();
        Receiver blocking = receiver();
        LoopGuard.mayWait("nextReader", READ_REMEDY);
        return blocking.nextReader();
    }

    @Override
    public InputStream joinMessages(String terminator) {
        return new JoinedMessages(this, Message.encode(terminator));
    }

    @Override
    public ByteStreams byteStreams() {
        OutputStream output = new OutputStream() {
            @Override
            public void write(int b) throws IOException {
                writeBinary(new byte[] {(byte) b});
            }

            @Override
            public void write(byte[] src, int offset, int length) throws IOException {
                writeBinary(ByteBuffer.wrap(src, offset, length));
            }

            @Override
            public void flush() throws IOException {
                WebSocketConnection.this.flush();
            }

            @Override
            public void close() {
                WebSocketConnection.this.close();
            }
        };
        return new ByteStreams(joinMessages(""), output);
    }

    @Override
    public void listen(Listener listener) {
        closeIfPutOff();
        listen(listener, listener.wholeMessageBytes()); // The application's: it may throw, and nothing has changed yet.
    }

    private void listen(Listener listener, long wholeBytes) {
        if (EventLoop.isLoopThread()) {
            if (!receiver().reserveNow()) {
                engine.start("gibbon-listen", () -> listen(listener, wholeBytes));
                return;
            }
        } else {
            receiver().reserve();
        }
        listenReserved(listener, wholeBytes);
    }

    private void listenReserved(Listener listener, long wholeBytes) {
        controlFrames.listener(listener);
        toTell(listener);
        if (!(transport instanceof LoopTransport socket)) {
            listenOnThread(listener, wholeBytes);
        } else if (sender.pauseIfIdle()) { // Nobody may be in a write while the transport stops blocking.
            enter(listener, wholeBytes, socket);
        } else if (EventLoop.isLoopThread()) {
            engine.start("gibbon-listen", () -> enterLater(listener, wholeBytes, socket));
        } else {
            enterLater(listener, wholeBytes, socket);
        }
    }

    private void listenOnThread(Listener listener, long wholeBytes) {
        Thread _ = Thread.ofVirtual()
                .name("gibbon-listener")
                .start(new ListenerThread(this, receiver(), listener, wholeBytes));
    }

    private void enterLater(Listener listener, long wholeBytes, LoopTransport socket) {
        sender.pause();
        enter(listener, wholeBytes, socket);
    }

    private void enter(Listener listener, long wholeBytes, LoopTransport socket) {
        EventLoop chosen = engine.loops().next();
        // One that is ending already is ended by a thread that blocks in the transport.
        LoopConnection side =
                lifecycle.isFinishing() || !started(chosen) ? null : enterLoop(listener, wholeBytes, socket, chosen);
        if (side == null) {
            sender.resume();
            listenOnThread(listener, wholeBytes);
            return;
        }
        sender.resume();
        Receiver.Rest rest = takeOver();
        chosen.execute(() -> side.start(rest)); // Not in the call of another listener on the same loop.
        releaseIfClosed(side);
    }

    /** Gives this connection to {@code listener} on the loop that served its opening handshake. Loop's thread. */
    void listenOn(EventLoop served, LoopTransport socket, Listener listener, long wholeBytes) {
        receiver().reserve();
        controlFrames.listener(listener);
        toTell(listener);
        sender.pause(); // Nobody knows this connection yet, so nobody writes.
        LoopConnection side = enterLoop(listener, wholeBytes, socket, served);
        sender.resume();
        if (side == null) {
            tellEnd(listener);
            return;
        }
        side.start(takeOver());
        releaseIfClosed(side);
    }

    /** {@return whether the loop runs} Where it cannot start, a virtual thread serves the listener as well. */
    private boolean started(EventLoop chosen) {
        try {
            chosen.start();
            return true;
        } catch (IllegalStateException e) {
            engine.log().warn("a listener gets a thread of its own", e);
            return false;
        }
    }

    /** {@return the side of the loop that serves this connection now, or null if none does} */
    private @Nullable LoopConnection enterLoop(
            Listener listener, long wholeBytes, LoopTransport socket, EventLoop chosen) {
        try {
            Optional<SocketChannel> channel = socket.enterLoop();
            if (channel.isEmpty()) {
                return null;
            }
            Delivery delivery = new Delivery(this, protocol.inbound(), listener, wholeBytes);
            LoopConnection side = new LoopConnection(this, chosen, socket, channel.get(), delivery);
            input = delivery;
            loop = side;
            sender.enterLoop(side);
            return side;
        } catch (IOException e) {
            lifecycle.lost(e);
            return null;
        }
    }

    private Receiver.Rest takeOver() {
        Receiver.Rest rest = receiver().handOver();
        receiver = null;
        return rest;
    }

    private void releaseIfClosed(LoopConnection side) {
        if (state() == ConnectionState.CLOSED) {
            side.released();
        }
    }

    /** {@return whether a listener has this connection and will be told of its end} */
    boolean hasListener() {
        synchronized (lifecycle) {
            return toTell != null;
        }
    }

    private void toTell(Listener listener) {
        synchronized (lifecycle) {
            toTell = listener;
        }
    }

    /** Tells {@code listener} how the connection ended, once. */
    void tellEnd(Listener listener) {
        synchronized (lifecycle) {
            if (toTell == null) {
                return;
            }
            toTell = null;
        }
        WebSocketException failure = lifecycle.failure();
        try {
            if (failure != null) {
                listener.onFailure(this, failure);
            } else {
                listener.onClose(this, closeStatus().orElse(CloseStatus.EMPTY));
            }
        } catch (RuntimeException | Error e) { // The application's: there is nothing left to close.
            String call = failure != null ? "onFailure of " : "onClose of ";
            engine.log().applicationThrew(call + nameOf(listener), this, e);
        }
    }

    static String nameOf(Object code) {
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
            if (cause instanceof WebSocketException) {
                return true;
            }
        }
        return false;
    }

    /**
     * The handler that has opened this connection has ended, so that a Close frame that was put off goes out now.
     *
     * @param thrown by what it ended, if by an exception
     */
    void handlerEnded(@Nullable Throwable thrown) {
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
        drainLater(); // Nobody else may be reading.
    }

    /** Leaves the Close frame to the handler's end if this is its thread. {@return whether it does} */
    private boolean putOffClose() {
        HandlerRun run = handler;
        if (run == null || !run.isOnThread() || lifecycle.state() != ConnectionState.OPEN) {
            return false;
        }
        Receiver blocking = receiver;
        if (blocking == null || blocking.readsOnThisThread()) {
            return false;
        }
        try {
            sender.flush();
        } catch (IOException _) {
            return true; // The connection was lost meanwhile, and everything is taken down.
        }
        return run.putOff(() -> {
            lifecycle.closeLater(new CloseStatus(CloseCode.NORMAL, ""), null);
            drainLater();
        });
    }

    /** The handler goes on with a connection that it has closed: it was no exception that closed it. */
    private void closeIfPutOff() {
        HandlerRun run = handler;
        if (run != null && run.isOnThread() && run.take()) {
            close(CloseCode.NORMAL, "");
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
        sender.mayWrite("writeMessage");
        ByteBuffer source = message.source();
        int limit = source.limit();
        int position = source.position();
        source.limit(message.offset() + message.length()).position(message.offset());
        try {
            endOwnWriter();
            sender.message(message.isText() ? Opcode.TEXT : Opcode.BINARY, source, message);
        } finally {
            source.limit(limit).position(position);
        }
    }

    @Override
    public void writeText(String text) throws IOException {
        sender.mayWrite("writeText");
        send(Opcode.TEXT, Message.encode(text));
    }

    @Override
    public void writeBinary(ByteBuffer payload) throws IOException {
        sender.mayWrite("writeBinary");
        send(Opcode.BINARY, payload);
    }

    @Override
    public void writeBinary(byte[] payload) throws IOException {
        sender.mayWrite("writeBinary");
        send(Opcode.BINARY, payload);
    }

    @Override
    public void writeMessage(Message message) throws IOException {
        sender.mayWrite("writeMessage");
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
        sender.mayWrite("nextWriter");
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
        sender.mayWrite("writePrepared");
        endOwnWriter();
        sender.prepared(message);
    }

    @Override
    public void setWriteCompression(boolean on) {
        sender.compressing(on);
    }

    @Override
    public void flush() throws IOException {
        closeIfPutOff();
        sender.mayWrite("flush");
        sender.flush();
    }

    @Override
    public void setBatchWrites(boolean on) throws IOException {
        if (!on) {
            sender.mayWrite("setBatchWrites(false)");
        }
        sender.batching(on);
        if (!on) {
            sender.flush();
        }
    }

    @Override
    public CompletableFuture<Duration> ping() throws IOException {
        closeIfPutOff();
        sender.mayWrite("ping");
        CompletableFuture<Duration> roundTrip = new Promise<>("the round trip of a Ping");
        sender.control(Opcode.PING, ByteBuffer.wrap(controlFrames.pingPayload(roundTrip)));
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
        closeIfPutOff();
        sender.mayWrite(opcode == Opcode.PING ? "ping" : "pong");
        if (payload.remaining() > FrameHeader.MAX_CONTROL_PAYLOAD) {
            throw new IllegalArgumentException(
                    opcode + " payload " + payload.remaining() + " > " + FrameHeader.MAX_CONTROL_PAYLOAD + " (§5.5)");
        }
        sender.control(opcode, payload);
    }

    @Override
    public void setPingHandler(@Nullable ControlFrameHandler handler) {
        controlFrames.pingHandler(handler);
    }

    @Override
    public void setPongHandler(@Nullable ControlFrameHandler handler) {
        controlFrames.pongHandler(handler);
    }

    @Override
    public void setCloseHandler(@Nullable CloseHandler handler) {
        controlFrames.closeHandler(handler);
    }

    @Override
    public void setMaxMessageBytes(long bytes) {
        ConnectionOptions changed = options.toBuilder()
                .maxMessageBytes(bytes)
                .maxFrameBytes(options.maxFrameBytes() == options.maxMessageBytes() ? bytes : options.maxFrameBytes())
                .build();
        switch (changed) {
            case ConnectionOptionsRecord values -> protocol.inbound().limits(values.limits());
        }
    }

    @Override
    public void setReadDeadline(Duration fromNow) {
        receiver().deadline(engine.time().nanoTime() + fromNow.toNanos());
    }

    @Override
    public void clearReadDeadline() {
        Receiver blocking = receiver;
        if (blocking != null) {
            blocking.deadline(Long.MAX_VALUE);
        }
    }

    @Override
    public void setWriteDeadline(Duration fromNow) {
        sender.deadline(engine.time().nanoTime() + fromNow.toNanos());
        TimeSource.Timer timer =
                engine.time().schedule(fromNow.isNegative() ? Duration.ZERO : fromNow, this::writeDeadlinePassed);
        replaceWriteDeadline(timer);
    }

    private void writeDeadlinePassed() {
        if (sender.writersWait()) {
            lifecycle.drop(new WriteTimeoutException("the write deadline passed during a write"));
        }
    }

    @Override
    public void clearWriteDeadline() {
        sender.deadline(Long.MAX_VALUE);
        replaceWriteDeadline(null);
    }

    private void replaceWriteDeadline(TimeSource.@Nullable Timer timer) {
        TimeSource.Timer old;
        synchronized (lifecycle) {
            old = writeDeadline;
            writeDeadline = timer;
        }
        if (old != null) {
            old.cancel();
        }
    }

    @Override
    public void close() {
        if (!putOffClose()) {
            close(CloseCode.NORMAL, "");
        }
    }

    @Override
    public void close(CloseCode code, String reason) {
        closeIfPutOff();
        CloseStatus status = new CloseStatus(code, reason);
        byte[] _ = ClosePayload.encode(status); // Refuses what must not be sent before anything happens.
        if (lifecycle.state() == ConnectionState.CLOSED) {
            return;
        }
        if (EventLoop.isLoopThread()) { // It must not wait, not even for the transport.
            lifecycle.closeLater(status, null);
            drainLater();
            return;
        }
        lifecycle.armDeadline();
        boolean _ = sender.appendClose(status);
        try {
            sender.flush();
        } catch (IOException _) {
            return; // The connection was lost meanwhile, and everything is taken down.
        }
        Receiver blocking = receiver;
        if (blocking != null && blocking.readsOnThisThread()) {
            return;
        }
        try {
            // While another thread reads it sees the peer's
            // answer; should it stop reading, this one goes on.
            while (blocking != null && !blocking.drain() && !lifecycle.awaitClosed(LOOK_AGAIN)) {}
            while (!lifecycle.awaitClosed(LOOK_AGAIN)) {}
        } catch (InterruptedException _) {
            abort();
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
