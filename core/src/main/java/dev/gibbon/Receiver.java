// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import dev.gibbon.frame.Opcode;
import dev.gibbon.internal.BufferPool;
import dev.gibbon.protocol.Inbound;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * The way in of a connection for a thread that blocks: reads what is there, hands
 * out every message in it, and only then waits again. One thread at a time;
 * {@link #enter()} makes sure of it, and what it guards is "Reader thread only".
 */
final class Receiver implements Input {
    /**
     * What a reader that waits for the next frame holds. Enough for a burst of small messages, cheap enough to keep.
     */
    private static final int WAITING_BYTES = 512;

    /** How long to look for more when the small buffer came back full, before the large one is given back. */
    private static final Duration BURST = Duration.ofMillis(1);

    /** Beyond this many leased buffers a reader waits for the rest of a large frame with its small one. */
    private static final int MAX_WAITING_LEASES = 512;

    /** What a message that has only been announced may make us allocate, however many there are. */
    private static final int UNSEEN_BYTES = 64 * 1024;

    /** The same as long as little is reserved on the whole engine. */
    private static final int RESERVED_BYTES = 4 * 1024 * 1024;

    /** From here on the rest of a frame is read straight into its message's array. */
    private static final int IN_PLACE_BYTES = 32 * 1024;

    private static final ByteBuffer NOTHING = ByteBuffer.allocate(0);
    private static final byte[] NO_BYTES = {};

    private final Engine engine;
    private final Transport transport;
    private final Inbound inbound;
    private final Lifecycle lifecycle;
    private final Sender sender;
    private final ControlFrames controlFrames;
    private final long maxDiscarded;
    private final FairShare share;

    /** Stands for whoever takes the connection down and gives the reader's buffer back, which takes no time. */
    private static final Thread GIVING_BACK = Thread.ofVirtual().unstarted(() -> {});

    /** Stands for the listener that has taken over from all readers. */
    private static final Thread LISTENING = Thread.ofVirtual().unstarted(() -> {});

    /** Stands for whoever closes the connection and reads on for the peer's Close frame; {@link #drainer} is who. */
    private static final Thread CLOSING = Thread.ofVirtual().unstarted(() -> {});

    /** Stands for the engine that looks, where nobody reads, for the peer's end; {@link #drainer} is who. */
    private static final Thread LOOKING = Thread.ofVirtual().unstarted(() -> {});

    /** How long such a look waits for bytes, and a reader for it. */
    private static final Duration LOOK = Duration.ofMillis(1);

    private final AtomicReference<@Nullable Thread> reader = new AtomicReference<>();

    private volatile @Nullable Thread drainer;

    private volatile @Nullable Thread listenerThread;

    // Reader thread only, until the end of the class.
    private ByteBuffer in = NOTHING;
    private boolean leased;
    private boolean cameFull;
    private @Nullable ByteBuffer waitingBuffer;
    private boolean ended;
    private @Nullable IncomingMessage current;
    private byte[] assembly = NO_BYTES;
    private int assembled;
    private boolean assembling;
    private long reserved;

    /** Holds the latest step of a compressed message; leased until that is handed out. */
    private @Nullable ByteBuffer inflated;

    /** Whether {@link #in} is the message's own array, read to while the rest of a large frame comes. */
    private boolean inPlace;

    private long messages;
    private boolean drained;
    private long discarded;
    private boolean listenerAdmitted;

    /** What came before the transport broke, for reads to come; null unless a write has found that. */
    private @Nullable ArrayDeque<Message> last;

    /** When a read must give up, on the engine's clock; {@link Long#MAX_VALUE} for never. Any thread sets it. */
    private volatile long deadline = Long.MAX_VALUE;

    /** What the reader waits for, and how many reads came back; looked at by the tick. */
    private volatile Waiting waiting = Waiting.NO;

    private volatile long reads;

    /** Which message the reader waits for the rest of, by number. */
    private volatile long awaitedMessage;

    private volatile long awaitedBytes;

    Receiver(
            Engine engine,
            Transport transport,
            Inbound inbound,
            Lifecycle lifecycle,
            Sender sender,
            ControlFrames controlFrames,
            long maxDiscarded,
            ByteBuffer leftover) {
        this.engine = engine;
        this.transport = transport;
        this.inbound = inbound;
        this.lifecycle = lifecycle;
        this.sender = sender;
        this.controlFrames = controlFrames;
        this.maxDiscarded = maxDiscarded;
        if (leftover.hasRemaining()) {
            this.in = ownCopy(leftover);
        }
        this.share = new FairShare(engine.time(), engine.rounds());
    }

    private static ByteBuffer ownCopy(ByteBuffer bytes) {
        ByteBuffer copy = ByteBuffer.allocate(bytes.remaining());
        return copy.put(bytes).flip();
    }

    void deadline(long nanos) {
        deadline = nanos;
    }

    @Override
    public Waiting waiting() {
        return waiting;
    }

    @Override
    public long awaitedMessage() {
        return awaitedMessage;
    }

    @Override
    public long awaitedBytes() {
        return awaitedBytes;
    }

    @Override
    public long reads() {
        return reads;
    }

    /**
     * Makes the calling thread the reader.
     *
     * @throws IllegalStateException if a thread reads already, this one included: a handler that calls back
     */
    private void enter() {
        Thread self = Thread.currentThread();
        Thread other = reader.compareAndExchange(null, self);
        while (other == GIVING_BACK || ((other == CLOSING || other == LOOKING) && drainer != self)) {
            if (other != GIVING_BACK) { // Another thread closes: this read reports the end, once it has come.
                awaitEnd();
            } else {
                Thread.onSpinWait();
            }
            other = reader.compareAndExchange(null, self);
        }
        if (other == CLOSING || other == LOOKING) {
            throw new IllegalStateException("a handler must not read from its own connection");
        }
        if (other == self) {
            throw new IllegalStateException("a handler must not read from its own connection");
        }
        if (other == LISTENING && listenerThread == self && listenerAdmitted) {
            listenerAdmitted = false;
            return;
        }
        if (other == LISTENING) {
            throw new IllegalStateException("this connection has a listener, which gets its messages");
        }
        if (other != null) {
            throw new IllegalStateException("another thread is reading from this connection");
        }
    }

    /**
     * What a listener takes over from the reader: input not looked
     * at, what there is of a message, and whether to skip its rest.
     */
    record Rest(ByteBuffer input, byte[] begun, boolean skipRest) {}

    /** From now on only a listener reads. */
    void reserve() {
        enter();
        reader.set(LISTENING);
    }

    /** The same for a thread that must not wait. {@return false if it would have to, for another thread that closes} */
    boolean reserveNow() {
        Thread other = reader.compareAndExchange(null, LISTENING);
        if (other == CLOSING || other == LOOKING) {
            return false;
        }
        if (other != null) {
            reserve(); // It tells what is wrong.
        }
        return true;
    }

    /** Makes the calling thread the one that reads for the listener. */
    void listenHere() {
        listenerThread = Thread.currentThread();
    }

    /** Lets the listener's thread read once: a read that a listener itself begins on it is refused. */
    void admitListener() {
        listenerAdmitted = true;
    }

    /** Ends reading by threads for good, after {@link #reserve}. */
    Rest handOver() {
        IncomingMessage unread = current;
        boolean skipRest = false;
        if (unread != null) {
            skipChunk(unread);
            unread.supersede();
            skipRest = !unread.ended();
            current = null;
        }
        ByteBuffer input = in.hasRemaining() ? ownCopy(in) : NOTHING;
        byte[] begun = assembling ? Arrays.copyOf(assembly, assembled) : NO_BYTES;
        forgetAssembly();
        releaseInflated();
        unlease();
        in = NOTHING;
        waitingBuffer = null;
        return new Rest(input, begun, skipRest);
    }

    private void awaitEnd() {
        try {
            boolean _ = lifecycle.awaitClosed(BURST);
        } catch (InterruptedException e) {
            lifecycle.lost(e); // An interrupt ends the connection, as it does in a read.
            Thread.currentThread().interrupt();
        }
    }

    private void exit() {
        if (inflated != null && !inflated.hasRemaining()) {
            releaseInflated();
        }
        if (reader.get() == LISTENING) {
            if (lifecycle.state() == ConnectionState.CLOSED) {
                keepSmall();
            }
            return;
        }
        reader.set(null);
        if (lifecycle.state() == ConnectionState.CLOSED) {
            giveBack();
        }
    }

    boolean readsOnThisThread() {
        Thread now = reader.get();
        Thread self = Thread.currentThread();
        return now == self
                || ((now == CLOSING || now == LOOKING) && drainer == self)
                || (now == LISTENING && listenerThread == self);
    }

    /** Gives the buffer back, keeping bytes that were accepted, unless a reader is at work and will do so itself. */
    void giveBack() {
        if (reader.compareAndSet(null, GIVING_BACK)) {
            giveUpInflating();
            keepSmall();
            reader.set(null);
        }
    }

    /** The listener's thread ends. */
    void listenedToTheEnd() {
        giveUpInflating();
        keepSmall();
    }

    /**
     * Lets go of a message that is being inflated: its decompressor is not kept for a reader that may never come. What
     * was inflated stays, and behind it such a reader is told of the end.
     */
    private void giveUpInflating() {
        ended |= inbound.giveUpInflating();
        ByteBuffer step = inflated;
        if (step != null && step.isDirect()) {
            ByteBuffer rest = step.hasRemaining() ? ownCopy(step) : null;
            releaseInflated();
            inflated = rest;
        }
    }

    /** {@return where the payload of the last {@link Inbound.Event#DATA} lies} */
    private ByteBuffer payload() {
        ByteBuffer step = inflated;
        return step == null || !inbound.compressed() ? in : step;
    }

    private void releaseInflated() {
        ByteBuffer step = inflated;
        if (step != null) {
            inflated = null;
            if (step.isDirect()) { // Otherwise it is no buffer of the pool's but our own, after the end.
                engine.buffers().release(step);
            }
        }
    }

    @Nullable
    Message readMessage() throws IOException {
        enter();
        try {
            if (share.isUsedUp()) {
                letOthersOn();
            }
            skipCurrent();
            Message kept = last == null ? null : last.poll();
            return kept != null ? kept : assembleMessage();
        } finally {
            exit();
        }
    }

    private @Nullable Message assembleMessage() throws IOException {
        if (!assembling) {
            if (advance() != Inbound.Event.DATA) {
                return null;
            }
            assembling = true;
            messages++;
            take(inbound.length());
        }
        while (!inbound.last()) {
            if (advance() != Inbound.Event.DATA) {
                forgetAssembly();
                return null;
            }
            take(inbound.length());
        }
        return assembledMessage();
    }

    /**
     * Copies what came into the message that is put together,
     * growing with the bytes that came and not with those announced.
     */
    private void take(int length) {
        int needed = assembled + length;
        if (needed < 0) {
            throw new OutOfMemoryError("a message of more than 2 GiB does not fit an array; stream it");
        }
        if (inPlace && !inbound.compressed()) { // It was read to where it belongs.
            in.position(in.position() + length);
            assembled = needed;
            return;
        }
        if (needed > assembly.length) {
            long announced = needed + inbound.plainBytesToCome();
            boolean exact = (inbound.compressed() ? inbound.last() : inbound.frameEndsMessage())
                    && (announced - needed <= Math.max(UNSEEN_BYTES, needed) || reserve(announced));
            long size = exact ? announced : Math.max(needed, 2L * assembly.length);
            assembly = Arrays.copyOf(assembly, (int) Math.min(size, Integer.MAX_VALUE - 8));
        }
        payload().get(assembly, assembled, length);
        assembled = needed;
    }

    /** Reserves the whole of a message that was announced, so that it is not copied as it grows. */
    private boolean reserve(long announced) {
        if (reserved > 0 || announced > RESERVED_BYTES || !engine.reserve(announced)) {
            return false;
        }
        reserved = announced;
        return true;
    }

    private void forgetAssembly() {
        engine.unreserve(reserved);
        reserved = 0;
        if (inPlace) { // The array is the application's now.
            in = NOTHING;
            inPlace = false;
        }
        assembling = false;
        assembly = NO_BYTES;
        assembled = 0;
    }

    private void letOthersOn() {
        try {
            sender.readerBlocks();
            share.awaitTurn();
        } catch (IOException _) {
            // Lost meanwhile; what was accepted before is
            // still handed out, and then the end is reported.
        } finally {
            sender.readerGoesOn();
        }
    }

    private Message assembledMessage() {
        MessageType type = typeOf(inbound.opcode());
        byte[] bytes = assembled == assembly.length ? assembly : Arrays.copyOf(assembly, assembled);
        forgetAssembly();
        return Message.received(type, bytes);
    }

    @Nullable
    MessageReader nextReader() throws IOException {
        enter();
        try {
            skipCurrent();
            IncomingMessage message;
            Message kept = last == null ? null : last.poll();
            if (kept != null) {
                message = new IncomingMessage(this, kept.type(), kept.bytes());
                message.came(0, true);
            } else if (assembling && !ended) { // A readMessage ran into its deadline in the middle of this message.
                message = new IncomingMessage(this, typeOf(inbound.opcode()), Arrays.copyOf(assembly, assembled));
                forgetAssembly();
            } else if (advance() == Inbound.Event.DATA) {
                message = new IncomingMessage(this, typeOf(inbound.opcode()), NO_BYTES);
                message.came(inbound.length(), inbound.last());
            } else {
                return null;
            }
            current = message;
            return message;
        } finally {
            exit();
        }
    }

    /**
     * Goes to the end of a streamed message that was left; one that runs into the deadline goes on here the next time.
     */
    private void skipCurrent() throws IOException {
        IncomingMessage unread = current;
        if (unread != null) {
            unread.supersede();
            boolean more = true;
            while (more && !unread.ended()) {
                skipChunk(unread);
                more = unread.ended() || moreOf(unread);
            }
            current = null;
        }
    }

    /** Reads from the streamed message; -1 at its end. */
    int read(IncomingMessage message, ByteBuffer dst) throws IOException {
        enter();
        try {
            if (drained) {
                throw lifecycle.closedForReading();
            }
            if (message != current || message.superseded()) {
                throw new IllegalStateException("this reader's message was left for a newer one");
            }
            while (message.inChunk() == 0) {
                if (message.ended()) {
                    return -1;
                }
                if (!moreOf(message)) {
                    throw lifecycle.closedForReading();
                }
            }
            int n = Math.min(dst.remaining(), message.inChunk());
            ByteBuffer source = payload();
            int limit = source.limit();
            source.limit(source.position() + n);
            dst.put(source);
            source.limit(limit);
            message.took(n);
            return n;
        } finally {
            exit();
        }
    }

    private boolean moreOf(IncomingMessage message) throws IOException {
        if (advance() != Inbound.Event.DATA) {
            return false;
        }
        message.came(inbound.length(), inbound.last());
        return true;
    }

    private void skipChunk(IncomingMessage message) {
        ByteBuffer source = payload();
        source.position(source.position() + message.inChunk());
        message.took(message.inChunk());
    }

    /**
     * Reads on and throws data away until the closing handshake is
     * done or the transport gone; false if another thread reads.
     */
    boolean drain() {
        while (!reader.compareAndSet(null, CLOSING)) {
            if (reader.get() != LOOKING || drainer == Thread.currentThread()) {
                return false;
            }
            awaitEnd();
        }
        try {
            drainer = Thread.currentThread();
            deadline = Long.MAX_VALUE; // The closing handshake has its own.
            throwAway();
        } catch (IOException _) {
            // The connection has ended, and its status says how.
        } finally {
            exit();
        }
        return true;
    }

    /** {@return whether no thread reads, and no listener has taken over} Any thread. */
    boolean unread() {
        return reader.get() == null;
    }

    /** {@return whether a look at what nobody reads goes on, which keeps a reader waiting} Any thread. */
    boolean looking() {
        return reader.get() == LOOKING;
    }

    /**
     * Looks, where nobody reads, for what a reader would see at once: answers Pings, takes Pongs, sees the peer's Close
     * frame and its end. A message stays where it is, and nothing behind it is seen before somebody reads it. Does
     * nothing while a thread reads; one that begins to waits for a moment.
     */
    void look() {
        if (!reader.compareAndSet(null, LOOKING)) {
            return;
        }
        drainer = Thread.currentThread();
        try {
            if (!ended && current == null && !assembling && inflated == null && in.remaining() < WAITING_BYTES) {
                lookOnce();
            }
        } catch (IOException _) {
            // The connection has ended, and its status says how.
        } finally {
            drainer = null;
            exit();
        }
    }

    private void lookOnce() throws IOException {
        ByteBuffer rest = in.hasRemaining() ? ownCopy(in) : NOTHING;
        unlease();
        in = ByteBuffer.allocate(WAITING_BYTES).put(rest);
        int n = -1;
        try {
            n = transport.read(in, LOOK);
        } catch (IOException e) {
            ended = true;
            lifecycle.lost(e);
        } finally {
            in.flip();
        }
        if (n < 0 && !ended) {
            ended = true;
            lifecycle.lost(new EOFException("the peer ended the stream without a Close frame"));
        }
        if (n > 0) {
            long count = reads + 1;
            reads = count;
        }
        while (!ended && inbound.controlFrameNext(in)) {
            handleControl(nextEvent());
        }
        if (!in.hasRemaining()) {
            in = NOTHING;
        }
        // Nothing of a message has come: its silence is as if somebody waited for it.
        waiting = in.hasRemaining() ? Waiting.NO : Waiting.FOR_A_MESSAGE;
    }

    private void throwAway() throws IOException {
        drained = true;
        IncomingMessage unread = current;
        if (unread != null) {
            skipChunk(unread);
            unread.supersede();
            current = null;
        }
        while (!ended) {
            if (advance() == Inbound.Event.DATA) {
                payload().position(payload().position() + inbound.length());
            }
        }
    }

    /**
     * A write has failed: reads what the peer sent before, up to its Close frame, and keeps the messages for reads to
     * come. The rest of a message that somebody streams is thrown away: its reader learns of the end.
     *
     * @return false if another thread reads, and so sees all that itself
     */
    boolean readBeforeTheEnd(Duration atMost) {
        if (!reader.compareAndSet(null, CLOSING)) {
            return false;
        }
        long before = deadline;
        try {
            drainer = Thread.currentThread();
            deadline = engine.time().nanoTime() + atMost.toNanos();
            if (current != null && !current.ended()) {
                throwAway();
            } else {
                keepMessages();
            }
        } catch (IOException _) {
            // The connection has ended, and its status says how; or nothing more is there.
        } finally {
            deadline = before;
            exit();
        }
        return true;
    }

    private void keepMessages() throws IOException {
        ArrayDeque<Message> kept = new ArrayDeque<>();
        last = kept;
        long room = maxDiscarded;
        Message next = assembleMessage();
        while (next != null && room > 0) {
            kept.add(next);
            room -= next.length();
            next = assembleMessage();
        }
    }

    /** {@return DATA, or CLOSE at a clean end, now and for ever} */
    private Inbound.Event advance() throws IOException {
        while (true) {
            if (ended) {
                return atEnd();
            }
            Inbound.Event event = nextEvent();
            switch (event) {
                case INPUT_NEEDED -> fill();
                case DATA -> {
                    return Inbound.Event.DATA;
                }
                case COMPRESSED -> {
                    if (inflateStep()) {
                        return Inbound.Event.DATA;
                    }
                }
                case PING, PONG, CLOSE -> handleControl(event);
            }
        }
    }

    private void handleControl(Inbound.Event event) throws IOException {
        switch (event) {
            case PING -> handle(() -> controlFrames.ping(lifecycle.connection(), inbound.controlPayload()));
            case PONG -> handle(() -> controlFrames.pong(lifecycle.connection(), inbound.controlPayload()));
            case CLOSE -> {
                ended = true;
                handle(() -> controlFrames.close(inbound.closeStatus()));
                lifecycle.closeReceived(inbound.closeStatus(), inbound.midMessage());
            }
            case INPUT_NEEDED, DATA, COMPRESSED -> throw new IllegalStateException(event + " is no control frame");
        }
    }

    private Inbound.Event nextEvent() throws IOException {
        try {
            return inbound.next(in);
        } catch (ProtocolException e) {
            ended = true;
            throw lifecycle.fail(e, e.closeCode());
        } catch (MessageTooBigException e) {
            ended = true;
            throw lifecycle.fail(e, e.closeCode());
        }
    }

    /**
     * {@return whether it came to data} A step costs as much as
     * hundreds of plain messages, so others get their turn in between.
     */
    private boolean inflateStep() throws IOException {
        if (share.isUsedUp(engine.time().nanoTime())) {
            letOthersOn();
        }
        ByteBuffer step = inflated;
        if (step == null) {
            step = engine.buffers().lease();
            inflated = step;
        }
        step.clear();
        try {
            return inbound.inflate(in, step);
        } catch (ProtocolException e) {
            ended = true;
            throw lifecycle.fail(e, e.closeCode());
        } catch (MessageTooBigException e) {
            ended = true;
            throw lifecycle.fail(e, e.closeCode());
        } finally {
            step.flip();
        }
    }

    private interface Handling {
        void run() throws IOException;
    }

    /** Runs a handler of the application's; one that throws fails the connection with 1011. */
    private void handle(Handling handling) throws IOException {
        try {
            handling.run();
        } catch (IOException | RuntimeException | Error e) {
            ended = true;
            throw lifecycle.connection().applicationThrew("a ping, pong or close handler", e);
        }
    }

    private Inbound.Event atEnd() throws IOException {
        WebSocketException failure = lifecycle.failure();
        if (failure != null) {
            throw failure;
        }
        return Inbound.Event.CLOSE;
    }

    /** Waits for bytes; all that came before are consumed. */
    private void fill() throws IOException {
        int n;
        releaseInflated();
        try {
            letFramesGo();
            long now = engine.time().nanoTime();
            if (share.isUsedUp(now)) {
                share.awaitTurn();
                now = engine.time().nanoTime();
            }
            n = read(now);
        } catch (ReadTimeoutException e) {
            keepSmall();
            throw e;
        } catch (IOException e) {
            ended = true;
            lifecycle.lost(e);
            keepSmall();
            return;
        } finally {
            sender.readerGoesOn();
        }
        if (n < 0) {
            ended = true;
            lifecycle.lost(new EOFException("the peer ended the stream without a Close frame"));
            keepSmall();
            return;
        }
        if (lifecycle.closing().progress().sent() != null) {
            discarded += n;
            if (discarded > maxDiscarded) {
                ended = true;
                lifecycle.lost(new IOException("more than " + maxDiscarded + " bytes came behind our Close frame"));
            }
        }
    }

    /**
     * What is held back leaves. If it cannot, the transport's end is for the read to find, behind what the peer sent
     * before.
     */
    private void letFramesGo() throws IOException {
        try {
            sender.readerBlocks();
        } catch (WebSocketException e) {
            if (lifecycle.state() == ConnectionState.CLOSED) {
                throw e;
            }
        }
    }

    private int read(long now) throws IOException {
        long toCome = inbound.plainBytesToCome();
        if (assembling && toCome >= IN_PLACE_BYTES && assembly.length - assembled >= toCome) {
            unlease();
            if (!inPlace) {
                in = ByteBuffer.wrap(assembly);
                inPlace = true;
            }
            return read(in, assembled, (int) (assembled + toCome), now, null);
        }
        inPlace = false;
        if (inbound.frameBytesToCome() > WAITING_BYTES && engine.buffers().leased() < MAX_WAITING_LEASES) {
            lease();
            return read(in, now, null);
        }
        if (cameFull) {
            lease();
            int n = read(in, now, BURST);
            if (n != 0) {
                return n;
            }
        }
        unlease();
        ByteBuffer small = waitingBuffer;
        if (small == null) {
            small = ByteBuffer.allocate(WAITING_BYTES);
            waitingBuffer = small;
        }
        in = small;
        return read(in, now, null);
    }

    /** One read from the transport, within the deadline; 0 only if {@code atMost} passed. */
    private int read(ByteBuffer buffer, long before, @Nullable Duration atMost) throws IOException {
        return read(buffer, 0, buffer.capacity(), before, atMost);
    }

    private int read(ByteBuffer buffer, int from, int to, long before, @Nullable Duration atMost) throws IOException {
        buffer.clear().limit(to).position(from);
        long until = deadline;
        Duration left = until == Long.MAX_VALUE ? null : Duration.ofNanos(until - before);
        if (left != null && !left.isPositive()) {
            buffer.limit(from);
            throw new ReadTimeoutException("the read deadline passed");
        }
        boolean bounded = atMost != null && (left == null || atMost.compareTo(left) < 0);
        Duration timeout = bounded ? atMost : left;
        int n = -1;
        if (assembling) {
            awaitedBytes = assembled;
            awaitedMessage = messages;
            waiting = Waiting.FOR_THE_REST_OF_A_MESSAGE;
        } else {
            waiting = Waiting.FOR_A_MESSAGE;
        }
        try {
            n = timeout == null ? transport.read(buffer) : transport.read(buffer, timeout);
        } finally {
            waiting = Waiting.NO;
            buffer.limit(buffer.position()).position(from);
        }
        long count = reads + 1; // One reader at a time: no update is lost.
        reads = count;
        cameFull = !inPlace && n > 0 && buffer.limit() == buffer.capacity(); // A message's own place ends with it.
        if (n == 0 && !bounded) {
            throw new ReadTimeoutException("nothing came before the read deadline");
        }
        share.read(before, engine.time().nanoTime());
        return n;
    }

    private void lease() {
        if (!leased) {
            in = engine.buffers().lease();
            leased = true;
        }
    }

    private void unlease() {
        if (leased) {
            BufferPool pool = engine.buffers();
            pool.release(in);
            in = NOTHING;
            leased = false;
        }
    }

    /** Gives the large buffer back; what it still holds moves to a small one of its own. */
    private void keepSmall() {
        if (leased) {
            ByteBuffer rest = in.hasRemaining() ? ownCopy(in) : NOTHING;
            unlease();
            in = rest;
        }
    }

    private static MessageType typeOf(Opcode opcode) {
        return opcode == Opcode.TEXT ? MessageType.TEXT : MessageType.BINARY;
    }
}
