// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import dev.gibbon.extension.deflate.FlushMode;
import dev.gibbon.frame.Opcode;
import dev.gibbon.internal.LoopTransport;
import dev.gibbon.protocol.ClosePayload;
import dev.gibbon.protocol.Outbound;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The way out of a connection: any thread appends frames under the lock, one thread at a time writes all that are there without it,
 * and the others wait until theirs have left. So frames of writers that wait leave together, and a control frame passes between
 * the fragments of a message.
 *
 * <p>Once the connection has moved to an event loop nobody waits for the transport any more: what it does not take stays here as the
 * stuck batch, and the loop goes on with it. Then the thread of that loop holds frames back until the end of its turn.
 */
final class Sender implements SendProgress {
    /** Instead of a frame's number: it may wait, and somebody sees to it. */
    private static final long HELD = -1;

    /** Instead of a frame's number: the caller has become the writer, of {@link #claimed}. */
    private static final long CLAIMED = -2;

    private final Engine engine;
    private final Transport transport;
    private final Outbound outbound;
    private final Lifecycle lifecycle;
    private final int maxPendingPongs;
    private final int batchBytes;
    private final long maxQueuedBytes;
    private final QueuePolicy queuePolicy;

    /** Null unless permessage-deflate was agreed on. */
    private final @Nullable Compressor compressor;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();

    // Guarded by lock.
    private @Nullable SendBatch filling;
    private boolean writing;
    private boolean failed;
    private long appended;
    private long written;
    private boolean messageOpen;
    private int messagesWaiting;
    private int pendingPongs;
    private byte @Nullable [] newestPong;
    private long bytesAppended;
    private long fillingCounted;
    private int roomWaiting;

    /** On a loop: frames that the transport has not taken yet; nothing else may be written before them. */
    private @Nullable SendBatch stuck;

    private long stuckUpTo;

    /** On a loop: messages of its thread that wait until the message ends that another thread has open. */
    private @Nullable ArrayDeque<Waiting> behindOpenMessage;

    private long bytesBehind;

    /** On threads: broadcast messages that wait for the thread that writes them. */
    private @Nullable ArrayDeque<PreparedMessage> offered;

    private long bytesOffered;
    private boolean writingOffered;

    /** Whether so much waits that no more must be read; until all of it has left. */
    private volatile boolean congested;

    /** Set once, under the lock; who goes on with what the transport does not take. */
    private volatile @Nullable LoopConnection loop;

    // On a loop: of whoever has set `writing`.
    private @Nullable SendBatch claimed;
    private long claimedUpTo;

    /** Whether the reader is about to block or does: then nothing may be held back. It looks at what is there after setting it. */
    private volatile boolean readerWaits;

    private volatile boolean batching;

    /** When a write that is under way or begins ends the connection; {@link Long#MAX_VALUE} for never. */
    private volatile long deadline = Long.MAX_VALUE;

    /** Bytes that went out so far; written by whoever writes, read by the tick. */
    private volatile long bytesWritten;

    /** A message that waits behind another. */
    private record Waiting(Opcode opcode, byte[] payload, boolean compress) {}

    Sender(
            Engine engine,
            Transport transport,
            Outbound outbound,
            Lifecycle lifecycle,
            ConnectionOptions options,
            @Nullable Compressor compressor) {
        this.compressor = compressor;
        this.engine = engine;
        this.transport = transport;
        this.outbound = outbound;
        this.lifecycle = lifecycle;
        this.maxPendingPongs = options.maxPendingPongs();
        this.batchBytes = options.batchBytes();
        this.maxQueuedBytes = options.maxQueuedBytes();
        this.queuePolicy = options.queuePolicy();
        this.batching = options.batchWrites();
    }

    void batching(boolean on) {
        batching = on;
    }

    /** Sends a whole message as one frame; returns when the transport has it, or it may wait for company. */
    void message(Opcode opcode, ByteBuffer payload) throws IOException {
        if (compressor != null && compressor.wants(opcode, payload.remaining())) {
            compressedMessage(compressor, opcode, payload);
            return;
        }
        requireTime();
        long frame;
        lock.lock();
        try {
            if (mustWaitBehindLocked()) {
                waitBehindLocked(new Waiting(opcode, copy(payload), false));
                return;
            }
            awaitTurnLocked();
            frame = appendedLocked(batchLocked().append(outbound, opcode, true, 0, payload));
        } finally {
            lock.unlock();
        }
        deliver(frame);
    }

    /** Sends a whole message as one frame. */
    void message(Opcode opcode, byte[] payload) throws IOException {
        if (compressor != null && compressor.wants(opcode, payload.length)) {
            compressedMessage(compressor, opcode, ByteBuffer.wrap(payload));
            return;
        }
        requireTime();
        long frame;
        lock.lock();
        try {
            if (mustWaitBehindLocked()) {
                waitBehindLocked(new Waiting(opcode, payload.clone(), false));
                return;
            }
            awaitTurnLocked();
            frame = appendedLocked(batchLocked().append(outbound, opcode, payload));
        } finally {
            lock.unlock();
        }
        deliver(frame);
    }

    private static byte[] copy(ByteBuffer bytes) {
        byte[] copy = new byte[bytes.remaining()];
        bytes.get(copy);
        return copy;
    }

    /**
     * Compresses and sends a whole message, as one frame if it is not long. A long one goes out in fragments: with a thread that may
     * wait, each leaves before the next is compressed; on a loop all are appended at once, and one that would take too long for that is
     * not compressed.
     */
    private void compressedMessage(Compressor codec, Opcode opcode, ByteBuffer payload) throws IOException {
        int length = payload.remaining();
        if (length > Compressor.WHOLE_BYTES && loop == null) {
            beginMessage();
            Opcode _ = compressed(codec, opcode, FlushMode.LAST, payload, false);
            return;
        }
        requireTime();
        long frame;
        lock.lock();
        try {
            if (mustWaitBehindLocked()) {
                waitBehindLocked(new Waiting(opcode, copy(payload), true));
                return;
            }
            awaitTurnLocked();
            frame = toDeliverLocked(appendCompressedLocked(codec, opcode, payload));
        } finally {
            lock.unlock();
        }
        deliver(frame);
    }

    /** Appends a message compressed if it gets shorter by it; answers whether {@code payload} is borrowed, as it may be if not. */
    private boolean appendCompressedLocked(Compressor codec, Opcode opcode, ByteBuffer payload) {
        int length = payload.remaining();
        if (length > Compressor.WHOLE_BYTES && length <= Compressor.MOST_AT_ONCE) {
            appendFragmentsLocked(codec, opcode, payload);
            return false;
        }
        boolean compressed =
                length <= Compressor.WHOLE_BYTES && codec.appendWhole(batchLocked(), outbound, opcode, payload);
        boolean borrowed = !compressed && batchLocked().append(outbound, opcode, true, 0, payload);
        countLocked();
        return borrowed;
    }

    private void appendFragmentsLocked(Compressor codec, Opcode opcode, ByteBuffer payload) {
        Opcode next = opcode;
        boolean all = false;
        while (!all) {
            long before = batchLocked().bytes();
            all = codec.appendFragment(batchLocked(), outbound, next, payload, FlushMode.LAST);
            if (batchLocked().bytes() > before) {
                countLocked();
                next = Opcode.CONTINUATION;
            }
        }
    }

    /**
     * Compresses a part of the message that the caller began, and sends what comes of it in fragments; the final one, after {@link
     * FlushMode#LAST}, lets the next message begin.
     *
     * @param opcode that of the next fragment
     * @param plain consumed
     * @return the opcode of the fragment after these
     */
    Opcode compressed(Opcode opcode, FlushMode mode, ByteBuffer plain) throws IOException {
        Compressor codec = compressor;
        if (codec == null) {
            throw new IllegalStateException("permessage-deflate was not agreed on");
        }
        return compressed(codec, opcode, mode, plain, true);
    }

    private Opcode compressed(Compressor codec, Opcode opcode, FlushMode mode, ByteBuffer plain, boolean awaitsRoom)
            throws IOException {
        Opcode next = opcode;
        boolean all = false;
        while (!all) {
            requireTime();
            long frame = HELD;
            lock.lock();
            try {
                requireSendableLocked();
                if (awaitsRoom) {
                    awaitRoomLocked(true);
                }
                long before = batchLocked().bytes();
                all = codec.appendFragment(batchLocked(), outbound, next, plain, mode);
                if (batchLocked().bytes() > before) {
                    countLocked();
                    next = Opcode.CONTINUATION;
                    if (all && mode == FlushMode.LAST) {
                        endMessageLocked();
                    }
                    frame = toDeliverLocked(false);
                }
            } finally {
                lock.unlock();
            }
            deliver(frame);
        }
        return next;
    }

    /** Switches the compression of messages that begin from now on. */
    void compressing(boolean on) {
        if (compressor != null) {
            compressor.enabled(on);
        }
    }

    /** {@return whether to compress a message that is written piece by piece} */
    boolean compressesStream(Opcode opcode) {
        return compressor != null && compressor.wants(opcode, Compressor.UNKNOWN_LENGTH);
    }

    /** Sends a message whose one frame is encoded already. */
    void prepared(PreparedMessage message) throws IOException {
        PreparedMessage.Encoding encoding = encoding(message);
        requireTime();
        long number;
        lock.lock();
        try {
            if (mustWaitBehindLocked()) {
                waitBehindLocked(message, encoding);
                return;
            }
            awaitTurnLocked();
            number = toDeliverLocked(appendPreparedLocked(message, encoding));
        } finally {
            lock.unlock();
        }
        deliver(number);
    }

    private PreparedMessage.Encoding encoding(PreparedMessage message) {
        return compressor == null ? message.plain() : compressor.encoding(message);
    }

    private boolean appendPreparedLocked(PreparedMessage message, PreparedMessage.Encoding encoding) {
        boolean borrowed = outbound.masks()
                ? batchLocked().append(outbound, message.opcode(), true, encoding.rsvBits(), encoding.payload())
                : batchLocked().appendEncoded(encoding.frame());
        countLocked();
        if (compressor != null && encoding.isCompressed()) {
            compressor.remember(message.payload());
        }
        return borrowed;
    }

    /**
     * Queues a prepared message and never waits; the caller sees to it that it is {@linkplain #flushLater sent}.
     *
     * @return whether it was queued; not if the connection is closing, or its queue is full, or another message is open
     */
    boolean offer(PreparedMessage message) throws IOException {
        PreparedMessage.Encoding encoding = encoding(message);
        boolean drop;
        lock.lock();
        try {
            if (failed || !lifecycle.state().maySendData()) {
                return false;
            }
            boolean full = queuedLocked() > maxQueuedBytes;
            if (!full && loop == null) { // A thread will write it; until then it holds no buffer.
                if (offered == null) {
                    offered = new ArrayDeque<>(2);
                }
                offered.add(message);
                bytesOffered += message.payload().remaining();
                return true;
            }
            if (!full && messageOpen) {
                waitBehindLocked(message, encoding);
                return true;
            }
            if (!full) {
                boolean borrowed = appendPreparedLocked(message, encoding);
                if (borrowed && outbound.masks()) {
                    batchLocked().own();
                }
                return true;
            }
            congested = true;
            drop = queuePolicy == QueuePolicy.DROP;
        } finally {
            lock.unlock();
        }
        if (drop) {
            throw dropped();
        }
        return false;
    }

    /** Sends what was {@linkplain #offer offered}, without waiting. */
    void sendOffered() throws IOException {
        if (loop != null) {
            flush();
            return;
        }
        lock.lock();
        try {
            if (writingOffered || offered == null) {
                return;
            }
            writingOffered = true;
        } finally {
            lock.unlock();
        }
        engine.start("gibbon-broadcast", this::writeOffered);
    }

    private void writeOffered() {
        try {
            for (PreparedMessage next = nextOffered(); next != null; next = nextOffered()) {
                prepared(next);
            }
        } catch (IOException _) {
            // The connection is closed by now and has told everybody who asks.
        }
    }

    private @Nullable PreparedMessage nextOffered() {
        lock.lock();
        try {
            PreparedMessage next = offered == null ? null : offered.poll();
            if (next == null) {
                offered = null;
                writingOffered = false;
            } else {
                bytesOffered -= next.payload().remaining();
            }
            return next;
        } finally {
            lock.unlock();
        }
    }

    /** A message that the caller began will not end: if nothing of it has left nothing has happened, else the connection is lost. */
    void abandonMessage(boolean begun) {
        if (begun && lifecycle.state().maySendData()) {
            lifecycle.lost(new ConnectionClosedException("a message was left in the middle (§5.4)", null, null, null));
            return;
        }
        lock.lock();
        try {
            endMessageLocked();
        } finally {
            lock.unlock();
        }
        flushLater(); // What waited behind it.
    }

    /** {@return how many bytes wait for the transport} */
    long queuedBytes() {
        lock.lock();
        try {
            return queuedLocked();
        } finally {
            lock.unlock();
        }
    }

    /** {@return whether so much waits that reading on would make it more} */
    boolean congested() {
        return congested;
    }

    /** From now on nobody waits for the transport; {@code side} does. What was appended before is written, or waits now. */
    void enterLoop(LoopConnection side) {
        lock.lock();
        try {
            if (filling != null) {
                filling.own(); // Its callers will not wait for it any more.
            }
            loop = side;
        } finally {
            lock.unlock();
        }
    }

    /** Waits until nobody writes and keeps it so until {@link #resume}; for the moment in which the transport stops blocking. */
    void pause() {
        lock.lock();
        try {
            while (writing) {
                changed.awaitUninterruptibly();
            }
            writing = true;
        } finally {
            lock.unlock();
        }
    }

    void resume() {
        lock.lock();
        try {
            writing = false;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** The transport takes bytes again. Loop's thread. */
    void writable() throws WebSocketException {
        lock.lock();
        try {
            SendBatch batch = stuck;
            if (batch == null) {
                return;
            }
            stuck = null;
            claimed = batch;
            claimedUpTo = stuckUpTo;
            writing = true;
        } finally {
            lock.unlock();
        }
        writeOut();
    }

    /** {@return whether the transport must take bytes before anything can be written} */
    boolean blocked() {
        lock.lock();
        try {
            return stuck != null;
        } finally {
            lock.unlock();
        }
    }

    /** {@return whether everything that was appended has left} */
    boolean allWritten() {
        lock.lock();
        try {
            return allWrittenLocked();
        } finally {
            lock.unlock();
        }
    }

    private boolean allWrittenLocked() {
        return written == appended && !writing && stuck == null;
    }

    /** {@return whether there was too much and all of it has left now; true once} */
    boolean drained() {
        lock.lock();
        try {
            // What waits for the end of another thread's message fills the queue, too.
            if (!congested || !allWrittenLocked() || bytesBehind > 0) {
                return false;
            }
            congested = false;
            return true;
        } finally {
            lock.unlock();
        }
    }

    /** Sets when writes must have ended, on the engine's clock. */
    void deadline(long nanos) {
        deadline = nanos;
    }

    /** Waits until no other message is open and keeps it so: the next fragments are the caller's. */
    void beginMessage() throws IOException {
        requireTime();
        lock.lock();
        try {
            awaitTurnLocked();
            messageOpen = true;
        } finally {
            lock.unlock();
        }
    }

    /** Sends a fragment of the message that the caller began; the final one lets the next message begin. */
    void fragment(Opcode opcode, boolean fin, ByteBuffer payload) throws IOException {
        requireTime();
        long frame;
        lock.lock();
        try {
            requireSendableLocked();
            awaitRoomLocked(true); // What waits behind this message leaves only once it ends.
            boolean borrowed = batchLocked().append(outbound, opcode, fin, 0, payload);
            countLocked();
            if (fin) {
                endMessageLocked();
            }
            frame = toDeliverLocked(borrowed);
        } finally {
            lock.unlock();
        }
        deliver(frame);
    }

    /** Sends a Ping or Pong, between the fragments of a message if need be (§5.4). */
    void control(Opcode opcode, ByteBuffer payload) throws IOException {
        requireTime();
        long frame;
        lock.lock();
        try {
            frame = appendLocked(opcode, true, payload);
        } finally {
            lock.unlock();
        }
        deliver(frame);
    }

    /** Appends a Ping and lets another thread send it; for the tick, which must not block. Does nothing when closing. */
    void pingLater(byte[] payload) {
        lock.lock();
        try {
            if (failed || !lifecycle.state().maySendData()) {
                return;
            }
            queueLocked(Opcode.PING, payload);
        } catch (WebSocketException _) {
            return; // Closed in between: nobody is left to ping.
        } finally {
            lock.unlock();
        }
        flushLater();
    }

    /**
     * Answers a Ping without blocking, since a reader that waits on a write may wait for a peer that waits for it. A bounded number of
     * Pongs is kept; beyond it only the newest (§5.5.3).
     */
    void pongLater(byte[] payload) {
        lock.lock();
        try {
            if (failed || !lifecycle.state().maySendData()) {
                return; // §5.5.1: nothing follows a Close frame.
            }
            if (pendingPongs >= maxPendingPongs) {
                newestPong = payload;
                return;
            }
            pendingPongs++;
            queueLocked(Opcode.PONG, payload);
        } catch (WebSocketException _) {
            return; // Closed in between: the Pong has nowhere to go.
        } finally {
            lock.unlock();
        }
        flushLater();
    }

    /**
     * Appends our Close frame, the last one this connection sends.
     *
     * @return whether it is the first; otherwise nothing was done
     */
    boolean appendClose(CloseStatus status) {
        return appendClose(status, () -> {});
    }

    /**
     * The same.
     *
     * @param ifFirst runs before anything of the frame can leave
     */
    boolean appendClose(CloseStatus status, Runnable ifFirst) {
        byte[] body = ClosePayload.encode(status);
        lock.lock();
        try {
            if (failed || !lifecycle.closing().sent(status)) { // One Close frame, whoever asks how often.
                return false;
            }
            ifFirst.run();
            newestPong = null;
            boolean _ = batchLocked().append(outbound, Opcode.CLOSE, true, 0, ByteBuffer.wrap(body));
            countLocked();
            changed.signalAll(); // Whoever waits to begin a message learns that there will be none.
            return true;
        } finally {
            lock.unlock();
        }
    }

    /** Sends everything that was appended; on a loop, as far as the transport takes it. */
    void flush() throws IOException {
        requireTime();
        long all;
        if (loop != null) {
            pushOut();
            return;
        }
        lock.lock();
        try {
            if (failed) {
                throw lifecycle.closedForWriting();
            }
            all = appended;
        } finally {
            lock.unlock();
        }
        awaitWritten(all);
    }

    /** Has everything sent that was appended, without waiting for it. */
    void flushLater() {
        LoopConnection side = loop;
        if (side == null) {
            engine.start("gibbon-write", this::flushQuietly);
        } else if (side.onLoopThread()) {
            side.touch();
        } else {
            flushQuietly();
        }
    }

    private void flushQuietly() {
        try {
            flush();
        } catch (IOException _) {
            // The connection is closed by now and has told everybody who asks.
        }
    }

    /** The reader is about to block: lets go what is held back, and holds nothing back until {@link #readerGoesOn()}. */
    void readerBlocks() throws IOException {
        readerWaits = true;
        if (!batching) {
            return;
        }
        long all;
        lock.lock();
        try {
            all = appended;
            if (written == all) {
                return;
            }
        } finally {
            lock.unlock();
        }
        awaitWritten(all);
    }

    void readerGoesOn() {
        readerWaits = false;
    }

    /** {@return whether bytes are on their way; asked by the tick} */
    boolean writing() {
        lock.lock();
        try {
            return writing || stuck != null;
        } finally {
            lock.unlock();
        }
    }

    /** {@return whether anybody waits in a write, for the transport or for a message that another thread has open} */
    boolean writersWait() {
        lock.lock();
        try {
            return writing || stuck != null || messagesWaiting > 0 || roomWaiting > 0;
        } finally {
            lock.unlock();
        }
    }

    long bytesWritten() {
        return bytesWritten;
    }

    @Override
    public void wrote(long bytes) {
        long total = bytesWritten + bytes; // One writer at a time: no update is lost.
        bytesWritten = total;
    }

    /** The connection is gone: wakes everybody and gives the buffers back. */
    void fail() {
        lock.lock();
        try {
            failed = true;
            if (compressor != null) {
                compressor.close();
            }
            behindOpenMessage = null;
            bytesBehind = 0;
            offered = null;
            bytesOffered = 0;
            if (filling != null) {
                engine.release(filling);
                filling = null;
            }
            if (stuck != null) { // Nobody writes while a batch is stuck.
                engine.release(stuck);
                stuck = null;
            }
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** A write that begins after its deadline ends the connection as one does that is under way. */
    private void requireTime() throws WebSocketException {
        if (deadline != Long.MAX_VALUE && deadline - engine.time().nanoTime() <= 0) {
            lifecycle.lost(new WriteTimeoutException("the write deadline had passed before the write"));
            throw lifecycle.closedForWriting();
        }
    }

    /** Waits until no message is open and there is room: while it waits for one of them, the other may be taken away. */
    private void awaitTurnLocked() throws WebSocketException {
        do {
            awaitMessageEndLocked();
            requireSendableLocked();
            awaitRoomLocked(false);
        } while (messageOpen);
    }

    private void awaitMessageEndLocked() throws QueueFullException {
        if (messageOpen) {
            if (loop != null && EventLoop.isLoopThread()) {
                throw new QueueFullException("another thread has a message open, and a loop cannot wait for it");
            }
            messagesWaiting++;
            while (messageOpen && !failed && lifecycle.state().maySendData()) {
                changed.awaitUninterruptibly();
            }
            messagesWaiting--;
        }
    }

    /** Waits while too much is queued on a loop, or refuses what cannot wait; see {@link QueuePolicy}. */
    private void awaitRoomLocked(boolean inMessage) throws WebSocketException {
        LoopConnection side = loop;
        if (side == null || waitingLocked(inMessage) <= maxQueuedBytes) {
            return;
        }
        congested = true;
        if (queuePolicy == QueuePolicy.BLOCK && side.onLoopThread() && waitingLocked(inMessage) <= 2 * maxQueuedBytes) {
            return; // Others may have filled the queue, and its own listener cannot wait; it reads no more meanwhile.
        }
        if (queuePolicy == QueuePolicy.DROP) {
            throw dropped();
        }
        if (queuePolicy == QueuePolicy.REFUSE || EventLoop.isLoopThread()) {
            throw new QueueFullException(queuedLocked() + " bytes wait > " + maxQueuedBytes);
        }
        roomWaiting++;
        while (!failed
                && waitingLocked(inMessage) > maxQueuedBytes / 2
                && lifecycle.state().maySendData()) {
            changed.awaitUninterruptibly();
        }
        roomWaiting--;
        requireSendableLocked();
    }

    /** {@return what the writer is told; others are told by a thread that holds no lock, since they may be the application} */
    private WebSocketException dropped() {
        WebSocketException why = new ConnectionClosedException(
                "dropped: the peer reads too slowly, more than " + maxQueuedBytes + " bytes wait", null, null, null);
        engine.start("gibbon-drop", () -> lifecycle.lost(why));
        return why;
    }

    private long queuedLocked() {
        return bytesAppended - bytesWritten + bytesBehind + bytesOffered;
    }

    /** {@return what waits before a frame of an open message, or before a new message} */
    private long waitingLocked(boolean inMessage) {
        return inMessage ? bytesAppended - bytesWritten : queuedLocked();
    }

    /** Whether a message must wait, since another thread has one open and this one, a loop's, cannot. */
    private boolean mustWaitBehindLocked() {
        return messageOpen && loop != null && EventLoop.isLoopThread();
    }

    private void waitBehindLocked(PreparedMessage message, PreparedMessage.Encoding encoding)
            throws WebSocketException {
        waitBehindLocked(new Waiting(message.opcode(), copy(message.payload()), encoding.isCompressed()));
    }

    private void waitBehindLocked(Waiting message) throws WebSocketException {
        requireSendableLocked();
        awaitRoomLocked(false);
        if (behindOpenMessage == null) {
            behindOpenMessage = new ArrayDeque<>();
        }
        behindOpenMessage.add(message);
        bytesBehind += message.payload().length;
    }

    private void endMessageLocked() {
        messageOpen = false;
        ArrayDeque<Waiting> behind = behindOpenMessage;
        if (behind != null && !failed && lifecycle.state().maySendData()) {
            for (Waiting message : behind) {
                if (appendWaitingLocked(message)) {
                    batchLocked().own();
                }
            }
        }
        behindOpenMessage = null;
        bytesBehind = 0;
        changed.signalAll();
    }

    private boolean appendWaitingLocked(Waiting message) {
        Compressor codec = compressor;
        if (codec != null && message.compress()) {
            return appendCompressedLocked(codec, message.opcode(), ByteBuffer.wrap(message.payload()));
        }
        boolean borrowed = batchLocked().append(outbound, message.opcode(), message.payload());
        countLocked();
        return borrowed;
    }

    private void requireSendableLocked() throws WebSocketException {
        if (failed || !lifecycle.state().maySendData()) {
            throw lifecycle.closedForWriting();
        }
    }

    /** Appends a control frame that somebody else sends: the caller must not become the writer. */
    private void queueLocked(Opcode opcode, byte[] payload) throws WebSocketException {
        requireSendableLocked();
        boolean _ = batchLocked().append(outbound, opcode, true, 0, ByteBuffer.wrap(payload));
        countLocked();
    }

    private long appendLocked(Opcode opcode, boolean fin, ByteBuffer payload) throws WebSocketException {
        requireSendableLocked();
        return appendedLocked(batchLocked().append(outbound, opcode, fin, 0, payload));
    }

    /** Counts a frame; answers up to which one the caller must see to it that it is written: {@link #HELD} if it may wait. */
    private long appendedLocked(boolean borrowed) {
        countLocked();
        return toDeliverLocked(borrowed);
    }

    private long toDeliverLocked(boolean borrowed) {
        LoopConnection side = loop;
        if (side == null) {
            boolean mayWait =
                    batching && !borrowed && !readerWaits && batchLocked().bytes() < batchBytes;
            return mayWait ? HELD : appended;
        }
        if (borrowed && (writing || stuck != null)) {
            batchLocked().own(); // It will not leave before the caller goes on.
            return HELD;
        }
        if (writing || stuck != null) {
            return HELD; // Whoever writes goes on until nothing is left.
        }
        if (borrowed || batchLocked().bytes() >= batchBytes || !side.onLoopThread()) {
            claimLocked();
            return CLAIMED;
        }
        side.touch();
        return HELD;
    }

    private SendBatch leaseBatch() {
        LoopConnection side = loop;
        return side != null && side.onLoopThread() ? side.loop().leaseBatch() : engine.leaseBatch();
    }

    private void release(SendBatch batch) {
        LoopConnection side = loop;
        if (side != null && side.onLoopThread()) {
            side.loop().release(batch);
        } else {
            engine.release(batch);
        }
    }

    private void claimLocked() {
        writing = true;
        claimed = takeLocked();
        claimedUpTo = appended;
    }

    private void countLocked() {
        appended++;
        long bytes = batchLocked().bytes();
        bytesAppended += bytes - fillingCounted;
        fillingCounted = bytes;
        if (!congested && loop != null && queuedLocked() > maxQueuedBytes / 2) {
            congested = true;
        }
    }

    private void deliver(long frame) throws IOException {
        if (frame == CLAIMED) {
            writeOut();
        } else if (frame != HELD) {
            awaitWritten(frame);
        }
    }

    /** On a loop: writes what is there as far as the transport takes it, unless somebody else does. */
    private void pushOut() throws WebSocketException {
        lock.lock();
        try {
            if (failed) {
                throw lifecycle.closedForWriting();
            }
            if (writing || stuck != null || written == appended) {
                return;
            }
            claimLocked();
        } finally {
            lock.unlock();
        }
        writeOut();
    }

    /** On a loop: writes the claimed batch, and those that come meanwhile, until all is written or the transport takes no more. */
    private void writeOut() throws WebSocketException {
        SendBatch batch = claimed;
        while (batch != null) {
            SendBatch next;
            boolean all = false;
            boolean broken = true;
            try {
                all = batch.writeTo(transport, outbound, this) && flushTransport();
                broken = false;
            } catch (IOException e) {
                lifecycle.lost(e);
                throw lifecycle.closedForWriting();
            } catch (RuntimeException | Error e) { // A defect; what has left of the frames nobody knows.
                lifecycle.lost(e);
                throw e;
            } finally {
                next = wroteOut(batch, all, broken);
            }
            batch = next;
        }
    }

    private boolean flushTransport() throws IOException {
        return !(transport instanceof LoopTransport socket) || socket.flush();
    }

    /** {@return what the caller writes next; it must not look at {@link #claimed}, which may be another thread's by then} */
    private @Nullable SendBatch wroteOut(SendBatch batch, boolean all, boolean broken) {
        SendBatch next = null;
        boolean blocked = false;
        lock.lock();
        try {
            claimed = null;
            failed |= broken;
            if (!all && !failed) {
                batch.own();
                stuck = batch;
                stuckUpTo = claimedUpTo;
                writing = false;
                blocked = true;
            } else {
                written = failed ? written : claimedUpTo;
                if (!failed && written != appended) {
                    claimLocked();
                    next = claimed;
                } else {
                    writing = false;
                }
                release(batch);
            }
            if (roomWaiting > 0 || failed) {
                changed.signalAll();
            }
        } finally {
            lock.unlock();
        }
        LoopConnection side = loop;
        if (side != null && blocked) {
            side.awaitWritable();
        } else if (side != null && (congested || lifecycle.state() != ConnectionState.OPEN)) {
            side.allWritten();
        }
        return next;
    }

    /** The transport itself has bytes to send before any of ours. Loop's thread. */
    void transportBlocked() {
        lock.lock();
        try {
            if (stuck == null && !writing && !failed) {
                stuck = engine.leaseBatch();
                stuckUpTo = written;
            }
        } finally {
            lock.unlock();
        }
    }

    private SendBatch batchLocked() {
        SendBatch batch = filling;
        if (batch == null) {
            batch = leaseBatch();
            filling = batch;
        }
        return batch;
    }

    /** Waits until the frame is written, and writes it and all others that are there if nobody else does. */
    private void awaitWritten(long frame) throws IOException {
        while (true) {
            SendBatch batch;
            long upTo;
            lock.lock();
            try {
                // Also once the connection has failed: while somebody writes, our payload may be what the system call
                // reads.
                while (written < frame && writing) {
                    changed.awaitUninterruptibly();
                }
                if (written >= frame) {
                    return;
                }
                if (failed) {
                    throw lifecycle.closedForWriting();
                }
                if (loop != null) { // Moved there meanwhile.
                    break;
                }
                batch = takeLocked();
                upTo = appended;
                writing = true;
            } finally {
                lock.unlock();
            }
            write(batch, upTo);
        }
        pushOut();
    }

    private SendBatch takeLocked() {
        SendBatch batch = batchLocked();
        byte[] pong = newestPong;
        if (pong != null) {
            boolean _ = batch.append(outbound, Opcode.PONG, true, 0, ByteBuffer.wrap(pong));
            countLocked();
            newestPong = null;
        }
        pendingPongs = 0;
        filling = null;
        fillingCounted = 0;
        return batch;
    }

    private void write(SendBatch batch, long upTo) throws IOException {
        boolean done = false;
        try {
            if (!batch.writeTo(transport, outbound, this)) {
                throw new IOException("a blocking transport took no byte");
            }
            done = true;
        } catch (IOException e) {
            lifecycle.lost(e);
            throw lifecycle.closedForWriting();
        } catch (RuntimeException | Error e) { // A defect; what has left of the frames nobody knows.
            lifecycle.lost(e);
            throw e;
        } finally {
            lock.lock();
            try {
                writing = false;
                written = done ? upTo : written;
                failed |= !done;
                changed.signalAll();
            } finally {
                lock.unlock();
            }
            engine.release(batch);
        }
    }
}
