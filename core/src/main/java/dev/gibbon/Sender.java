// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import dev.gibbon.extension.deflate.FlushMode;
import dev.gibbon.frame.Opcode;
import dev.gibbon.protocol.ClosePayload;
import dev.gibbon.protocol.Outbound;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * The messages and control frames that a connection sends: when each may be appended to the
 * {@linkplain FrameQueue queue}. A message is atomic and waits for one that another thread has open; a control frame
 * passes between the fragments of a message; nothing follows a Close frame; and what waits for a slow peer is bounded.
 */
final class Sender extends FrameQueue {
    /** Null unless permessage-deflate was agreed on. */
    private final @Nullable Compressor compressor;

    // Guarded by lock.
    private boolean messageOpen;
    private int pendingPongs;
    private byte @Nullable [] newestPong;

    /** What waits until it may be appended; null while nothing does. */
    private @Nullable Aside aside;

    /** Whether somebody is about to send what was offered. */
    private boolean offeredSoon;

    /** How many broadcast messages were not queued for want of room. */
    private long missed;

    private boolean dropping;

    /** What became of a message that was {@linkplain #offer offered}. */
    enum Offer {
        /** It waits, and so does somebody who will send it. */
        QUEUED,
        /** It waits, and the caller must see to it that it is {@linkplain #sendOffered sent}. */
        QUEUED_FIRST,
        /** Too much waits already. */
        MISSED,
        /** The connection is closing or gone. */
        CLOSED
    }

    Sender(
            Engine engine,
            Transport transport,
            Outbound outbound,
            Lifecycle lifecycle,
            ConnectionOptionsRecord options,
            @Nullable Compressor compressor) {
        super(engine, transport, outbound, lifecycle, options);
        this.compressor = compressor;
    }

    /**
     * Sends a whole message as one frame; returns when the transport has it, or it may wait for company.
     *
     * @param received if that is what {@code payload} shows
     */
    void message(Opcode opcode, ByteBuffer payload, @Nullable MessageView received) throws IOException {
        if (compressor != null && compressor.wants(opcode, payload.remaining())) {
            compressedMessage(compressor, opcode, payload);
            return;
        }
        requireTime();
        long frame;
        lock.lock();
        try {
            if (mustWaitBehindLocked()) {
                waitBehindLocked(new Aside.Written(opcode, copy(payload), false));
                return;
            }
            awaitTurnLocked();
            SendBatch batch = batchLocked();
            boolean borrowed = batch.append(outbound, opcode, true, 0, payload);
            if (borrowed && received != null) {
                batch.received(received);
            }
            frame = appendedLocked(borrowed);
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
                waitBehindLocked(new Aside.Written(opcode, payload.clone(), false));
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
     * Compresses and sends a whole message, as one frame if it is not long. A long one goes out in fragments: with a
     * thread that may wait, each leaves before the next is compressed; on a loop all are appended at once, and one that
     * would take too long for that is not compressed.
     */
    private void compressedMessage(Compressor codec, Opcode opcode, ByteBuffer payload) throws IOException {
        int length = payload.remaining();
        if (length > Compressor.WHOLE_BYTES && loop() == null) {
            beginMessage();
            boolean sent = false;
            try {
                Opcode _ = compressed(codec, opcode, FlushMode.LAST, payload, false);
                sent = true;
            } finally {
                if (!sent) {
                    abandonMessage("a message could not be compressed to its end (§5.4)");
                }
            }
            return;
        }
        requireTime();
        long frame;
        lock.lock();
        try {
            if (mustWaitBehindLocked()) {
                waitBehindLocked(new Aside.Written(opcode, copy(payload), true));
                return;
            }
            awaitTurnLocked();
            frame = toDeliverLocked(appendCompressedLocked(codec, opcode, payload));
        } finally {
            lock.unlock();
        }
        deliver(frame);
    }

    /**
     * Appends a message compressed if it gets shorter by it; answers
     * whether {@code payload} is borrowed, as it may be if not.
     */
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
     * Compresses a part of the message that the caller began, and sends what comes of it in fragments; the final one,
     * after {@link FlushMode#LAST}, lets the next message begin.
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
                waitBehindLocked(encoding);
                return;
            }
            awaitTurnLocked();
            number = toDeliverLocked(appendPreparedLocked(encoding));
        } finally {
            lock.unlock();
        }
        deliver(number);
    }

    private PreparedMessage.Encoding encoding(PreparedMessage message) {
        return compressor == null ? message.plain() : compressor.encoding(message);
    }

    private boolean appendPreparedLocked(PreparedMessage.Encoding encoding) {
        PreparedMessage message = encoding.message();
        boolean borrowed = outbound.masks()
                ? batchLocked().append(outbound, message.opcode(), true, encoding.rsvBits(), encoding.payload())
                : batchLocked().appendEncoded(encoding.frame());
        countLocked();
        if (compressor != null && encoding.isCompressed()) {
            compressor.remember(message.payload());
        }
        return borrowed;
    }

    // ---- Broadcasts

    /**
     * Queues a message that is broadcast, behind all that was written and offered before; never waits. What is
     * written from now on comes behind it.
     */
    Offer offer(PreparedMessage message) {
        PreparedMessage.Encoding encoding = encoding(message);
        Offer outcome;
        boolean drop = false;
        lock.lock();
        try {
            outcome = offerLocked(encoding);
            if (outcome == Offer.MISSED) {
                missed++;
                drop = options.queuePolicy() == QueuePolicy.DROP && !dropping;
                dropping |= drop;
            }
        } finally {
            lock.unlock();
        }
        if (drop) {
            WebSocketException _ = dropped();
        }
        return outcome;
    }

    private Offer offerLocked(PreparedMessage.Encoding encoding) {
        if (!sendableLocked()) {
            return Offer.CLOSED;
        }
        long waiting = queuedLocked() + (aside == null ? 0 : aside.cost());
        if (loop() != null && waiting > options.maxQueuedBytes() / 2) {
            congest();
        }
        if (waiting > options.maxQueuedBytes()) {
            return Offer.MISSED;
        }
        setAsideLocked(encoding);
        boolean first = !offeredSoon;
        offeredSoon = true;
        return first ? Offer.QUEUED_FIRST : Offer.QUEUED;
    }

    /**
     * Sends what was offered, for whoever got {@link Offer#QUEUED_FIRST}: on a loop as far as the transport takes it.
     */
    void sendOffered() {
        if (loop() == null) {
            engine.start("gibbon-broadcast", this::writeOffered);
            return;
        }
        boolean mine;
        lock.lock();
        try {
            offeredSoon = false;
            takeAsideLocked(options.batchBytes());
            mine = claimAnyLocked();
        } finally {
            lock.unlock();
        }
        LoopConnection side = loop();
        try {
            if (mine) {
                writeOut();
            }
        } catch (IOException _) {
            return; // The connection is closed by now and has told everybody who asks.
        }
        if (side != null && side.onLoopThread() && congested()) {
            side.touch(); // At the end of the turn it looks whether there is room again.
        }
    }

    /** The same for a transport that blocks: a thread writes, in as many turns as it takes. */
    private void writeOffered() {
        try {
            boolean more = true;
            while (more) {
                if (loop() != null) { // Moved there meanwhile.
                    sendOffered();
                    return;
                }
                more = takeOffered();
                flush();
            }
        } catch (IOException _) {
            // The connection is closed by now and has told everybody who asks.
        }
    }

    /** {@return whether there may be more, since this took some} */
    private boolean takeOffered() {
        lock.lock();
        try {
            boolean some = aside != null && !messageOpen;
            takeAsideLocked(options.batchBytes());
            offeredSoon = some;
            return some;
        } finally {
            lock.unlock();
        }
    }

    /** {@return how many broadcast messages this connection did not get, for want of room} */
    long missedBroadcasts() {
        lock.lock();
        try {
            return missed;
        } finally {
            lock.unlock();
        }
    }

    private void setAsideLocked(Aside.Item message) {
        if (aside == null) {
            aside = new Aside();
        }
        aside.add(message);
    }

    /** Appends what waits, in order, unless a message is open, until the batch has about so many bytes. */
    private void takeAsideLocked(long most) {
        Aside waiting = aside;
        if (waiting == null || messageOpen) {
            return;
        }
        if (!sendableLocked()) {
            aside = null; // §5.5.1: nothing follows a Close frame.
            return;
        }
        while (batchLocked().bytes() < most) {
            Aside.Item next = waiting.poll();
            if (next == null) {
                aside = null;
                return;
            }
            appendAsideLocked(next);
        }
    }

    private void appendAsideLocked(Aside.Item message) {
        switch (message) {
            case PreparedMessage.Encoding prepared -> {
                boolean _ = appendPreparedLocked(prepared); // Never changes, so the batch may keep it.
            }
            case Aside.Written written -> {
                if (appendWrittenLocked(written)) {
                    batchLocked().own();
                }
            }
        }
    }

    private boolean appendWrittenLocked(Aside.Written message) {
        Compressor codec = compressor;
        if (codec != null && message.compress()) {
            return appendCompressedLocked(codec, message.opcode(), ByteBuffer.wrap(message.payload()));
        }
        boolean borrowed = batchLocked().append(outbound, message.opcode(), message.payload());
        countLocked();
        return borrowed;
    }

    // ---- Messages in pieces

    /**
     * A message that the caller began will not end: if nothing of it was appended nothing has happened, else the
     * connection fails. Whether anything was, only the protocol knows: a codec may hold all of it, or have let go of
     * a part.
     */
    void abandonMessage(String why) {
        boolean begun;
        lock.lock();
        try {
            begun = outbound.messageOpen();
            if (!begun) {
                if (compressor != null) {
                    compressor.abandonMessage();
                }
                endMessageLocked();
            }
        } finally {
            lock.unlock();
        }
        if (begun) {
            lifecycle.messageAbandoned(why);
        } else {
            flushLater(); // What waited behind it.
        }
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

    /**
     * Appends a Ping and lets another thread send it; for the tick, which must not block. Does nothing when closing.
     */
    void pingLater(byte[] payload) {
        lock.lock();
        try {
            if (!sendableLocked()) {
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
     * Answers a Ping without blocking, since a reader that waits on a write may wait for a peer that waits for it. A
     * bounded number of Pongs is kept; beyond it only the newest (§5.5.3).
     */
    void pongLater(byte[] payload) {
        lock.lock();
        try {
            if (!sendableLocked()) {
                return; // §5.5.1: nothing follows a Close frame.
            }
            if (pendingPongs >= options.maxPendingPongs()) {
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
            takeAsideLocked(Long.MAX_VALUE); // What was broadcast before it leaves before it.
            if (failedLocked() || !closing.sent(status)) { // One Close frame, whoever asks how often.
                return false;
            }
            ifFirst.run();
            newestPong = null;
            boolean _ = batchLocked().append(outbound, Opcode.CLOSE, true, 0, ByteBuffer.wrap(body));
            countLocked();
            signalLocked(); // Whoever waits to begin a message learns that there will be none.
            return true;
        } finally {
            lock.unlock();
        }
    }

    /**
     * Waits until no message is open and there is room: while it waits for one of them, the other may be taken away.
     */
    private void awaitTurnLocked() throws WebSocketException {
        do {
            awaitMessageEndLocked();
            requireSendableLocked();
            awaitRoomLocked(false);
        } while (messageOpen);
        takeAsideLocked(Long.MAX_VALUE);
    }

    private void awaitMessageEndLocked() throws QueueFullException {
        if (messageOpen && loop() != null && EventLoop.isLoopThread()) {
            throw new QueueFullException("another thread has a message open, and a loop cannot wait for it");
        }
        while (messageOpen && sendableLocked()) {
            awaitChangeLocked();
        }
    }

    /** Waits while too much is queued on a loop, or refuses what cannot wait; see {@link QueuePolicy}. */
    private void awaitRoomLocked(boolean inMessage) throws WebSocketException {
        LoopConnection side = loop();
        long maxQueuedBytes = options.maxQueuedBytes();
        if (side == null || waitingLocked(inMessage) <= maxQueuedBytes) {
            return;
        }
        congest();
        QueuePolicy queuePolicy = options.queuePolicy();
        if (queuePolicy == QueuePolicy.BLOCK && side.onLoopThread() && waitingLocked(inMessage) <= 2 * maxQueuedBytes) {
            return; // Others may have filled the queue, and its own listener cannot wait; it reads no more meanwhile.
        }
        if (queuePolicy == QueuePolicy.DROP) {
            throw dropped();
        }
        if (queuePolicy == QueuePolicy.REFUSE || EventLoop.isLoopThread()) {
            throw new QueueFullException(queuedLocked() + " bytes wait > " + maxQueuedBytes);
        }
        while (sendableLocked() && waitingLocked(inMessage) > maxQueuedBytes / 2) {
            awaitChangeLocked();
        }
        requireSendableLocked();
    }

    /**
     * {@return what the writer is told; others are told by a thread
     * that holds no lock, since they may be the application}
     */
    private WebSocketException dropped() {
        WebSocketException why = new ConnectionClosedException(
                "dropped: the peer reads too slowly, more than " + options.maxQueuedBytes() + " bytes wait",
                null,
                null,
                null);
        engine.start("gibbon-drop", () -> lifecycle.lost(why));
        return why;
    }

    /** {@return what waits before a frame of an open message, or before a new message} */
    private long waitingLocked(boolean inMessage) {
        return inMessage ? inQueueLocked() : queuedLocked();
    }

    /** Whether a message must wait, since another thread has one open and this one, a loop's, cannot. */
    private boolean mustWaitBehindLocked() {
        return messageOpen && loop() != null && EventLoop.isLoopThread();
    }

    private void waitBehindLocked(Aside.Item message) throws WebSocketException {
        requireSendableLocked();
        awaitRoomLocked(false);
        setAsideLocked(message);
    }

    private void endMessageLocked() {
        messageOpen = false;
        takeAsideLocked(Long.MAX_VALUE);
        signalLocked();
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

    /**
     * Counts a frame; answers up to which one the caller must see
     * to it that it is written: {@link #HELD} if it may wait.
     */
    private long appendedLocked(boolean borrowed) {
        countLocked();
        return toDeliverLocked(borrowed);
    }

    // ---- What the queue asks

    @Override
    void aboutToLeaveLocked() {
        byte[] pong = newestPong;
        if (pong != null) {
            newestPong = null;
            boolean _ = batchLocked().append(outbound, Opcode.PONG, true, 0, ByteBuffer.wrap(pong));
            countLocked();
        }
        pendingPongs = 0;
        takeAsideLocked(options.batchBytes());
    }

    @Override
    long bytesAsideLocked() {
        Aside waiting = aside;
        return waiting == null ? 0 : waiting.bytes();
    }

    @Override
    void forgetLocked() {
        if (compressor != null) {
            compressor.close();
        }
        aside = null;
    }
}
