// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.connection;

import dev.gibbon.CloseStatus;
import dev.gibbon.ConnectionClosedException;
import dev.gibbon.ConnectionOptions;
import dev.gibbon.InterruptedCallException;
import dev.gibbon.QueueFullException;
import dev.gibbon.QueuePolicy;
import dev.gibbon.WebSocketException;
import dev.gibbon.deflate.FlushMode;
import dev.gibbon.frame.Opcode;
import dev.gibbon.protocol.ClosePayload;
import dev.gibbon.protocol.ClosingHandshake;
import dev.gibbon.protocol.Outbound;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The messages and control frames that a connection sends: when each may be appended to the {@linkplain Output
 * output}. A message is atomic and waits for one that another thread has open; a control frame passes between the
 * fragments of a message; nothing follows a Close frame; and what waits for a slow peer is bounded. What was
 * broadcast before comes before what is written.
 */
public final class Sender {
    private final WebSocketConnection connection;
    private final Output output;
    private final Outbound outbound;
    private final ConnectionOptions options;
    private final ClosingHandshake closing;

    /** The output's: the send lock. */
    private final ReentrantLock lock;

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
            WebSocketConnection connection,
            Output output,
            Outbound outbound,
            ConnectionOptions options,
            @Nullable Compressor compressor) {
        this.connection = connection;
        this.output = output;
        this.outbound = outbound;
        this.options = options;
        this.closing = connection.lifecycle().closing();
        this.lock = output.lock;
        this.compressor = compressor;
    }

    public Output output() {
        return output;
    }

    // ---- Whole messages

    /**
     * Sends a whole message as one frame.
     *
     * @param received if that is what {@code payload} shows
     */
    void message(Opcode opcode, ByteBuffer payload, @Nullable ReceivedView received) throws IOException {
        long until = output.writeUntil();
        if (compressor != null && compressor.wants(opcode, payload.remaining())) {
            compressedMessage(compressor, opcode, payload, until);
            return;
        }
        long duty;
        lock.lock();
        try {
            if (mustWaitBehindLocked()) {
                waitBehindLocked(new Aside.Written(opcode, copy(payload), false), until);
                return;
            }
            awaitTurnLocked(until);
            SendBatch batch = output.batchLocked();
            boolean borrowed = batch.append(outbound, opcode, true, 0, payload);
            if (borrowed && received != null) {
                batch.received(received);
            }
            duty = countedLocked(borrowed);
        } finally {
            lock.unlock();
        }
        output.deliver(duty, until);
    }

    /** Sends a whole message as one frame. */
    void message(Opcode opcode, byte[] payload) throws IOException {
        long until = output.writeUntil();
        if (compressor != null && compressor.wants(opcode, payload.length)) {
            compressedMessage(compressor, opcode, ByteBuffer.wrap(payload), until);
            return;
        }
        long duty;
        lock.lock();
        try {
            if (mustWaitBehindLocked()) {
                waitBehindLocked(new Aside.Written(opcode, payload.clone(), false), until);
                return;
            }
            awaitTurnLocked(until);
            duty = countedLocked(output.batchLocked().append(outbound, opcode, payload));
        } finally {
            lock.unlock();
        }
        output.deliver(duty, until);
    }

    private static byte[] copy(ByteBuffer bytes) {
        byte[] copy = new byte[bytes.remaining()];
        bytes.get(copy);
        return copy;
    }

    /**
     * Compresses and sends a whole message, as one frame if it is not long. A long one goes out in fragments: where
     * the caller may wait, each leaves before the next is compressed; elsewhere all are appended at once, and one
     * that would take too long for that is not compressed.
     */
    private void compressedMessage(Compressor codec, Opcode opcode, ByteBuffer payload, long until) throws IOException {
        if (payload.remaining() > Compressor.WHOLE_BYTES && output.mayWait()) {
            longMessage(codec, opcode, payload, until);
            return;
        }
        long duty;
        lock.lock();
        try {
            if (mustWaitBehindLocked()) {
                waitBehindLocked(new Aside.Written(opcode, copy(payload), true), until);
                return;
            }
            awaitTurnLocked(until);
            duty = output.toDeliverLocked(appendCompressedLocked(codec, opcode, payload));
        } finally {
            lock.unlock();
        }
        output.deliver(duty, until);
    }

    private void longMessage(Compressor codec, Opcode opcode, ByteBuffer payload, long until) throws IOException {
        beginMessage(until);
        boolean sent = false;
        try {
            compressed(codec, opcode, FlushMode.LAST, payload, false, until);
            sent = true;
        } catch (InterruptedCallException e) {
            sent = true;
            throw e;
        } finally {
            if (!sent) {
                abandonMessage("a message could not be compressed to its end (§5.4)");
            }
        }
    }

    /**
     * Appends a message compressed if it gets shorter by it; {@return whether {@code payload} is borrowed, as it
     * may be if not}
     */
    private boolean appendCompressedLocked(Compressor codec, Opcode opcode, ByteBuffer payload) {
        int length = payload.remaining();
        if (length > Compressor.WHOLE_BYTES && length <= Compressor.MOST_AT_ONCE) {
            appendFragmentsLocked(codec, opcode, payload);
            return false;
        }
        SendBatch batch = output.batchLocked();
        boolean compressed = length <= Compressor.WHOLE_BYTES && codec.appendWhole(batch, outbound, opcode, payload);
        boolean borrowed = !compressed && batch.append(outbound, opcode, true, 0, payload);
        output.countLocked();
        return borrowed;
    }

    private void appendFragmentsLocked(Compressor codec, Opcode opcode, ByteBuffer payload) {
        Opcode next = opcode;
        boolean all = false;
        while (!all) {
            long before = output.batchLocked().bytes();
            all = codec.appendFragment(output.batchLocked(), outbound, next, payload, FlushMode.LAST);
            if (output.batchLocked().bytes() > before) {
                output.countLocked();
                next = Opcode.CONTINUATION;
            }
        }
    }

    /** Sends a message whose one frame is encoded already. */
    void prepared(EncodedMessage message) throws IOException {
        long until = output.writeUntil();
        EncodedMessage.Encoding encoding = encoding(message);
        long duty;
        lock.lock();
        try {
            if (mustWaitBehindLocked()) {
                waitBehindLocked(encoding, until);
                return;
            }
            awaitTurnLocked(until);
            duty = output.toDeliverLocked(appendPreparedLocked(encoding));
        } finally {
            lock.unlock();
        }
        output.deliver(duty, until);
    }

    private EncodedMessage.Encoding encoding(EncodedMessage message) {
        assert !output.holdsLock() : "the lock of a prepared message comes before the send lock";
        return compressor == null ? message.plain() : compressor.encoding(message);
    }

    private boolean appendPreparedLocked(EncodedMessage.Encoding encoding) {
        EncodedMessage message = encoding.message();
        SendBatch batch = output.batchLocked();
        boolean borrowed = outbound.masks()
                ? batch.append(outbound, message.opcode(), true, encoding.rsvBits(), encoding.payload())
                : batch.appendEncoded(encoding.frame());
        output.countLocked();
        if (compressor != null && encoding.isCompressed()) {
            compressor.remember(message.payload());
        }
        return borrowed;
    }

    // ---- Broadcasts, and what else waits aside

    /**
     * Queues a message that is broadcast, behind all that was written and offered before; never waits. What is
     * written from now on comes behind it.
     */
    Offer offer(EncodedMessage message) {
        EncodedMessage.Encoding encoding = encoding(message);
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

    private Offer offerLocked(EncodedMessage.Encoding encoding) {
        if (!output.sendableLocked()) {
            return Offer.CLOSED;
        }
        long waiting = queuedLocked() + (aside == null ? 0 : aside.cost());
        if (waiting > options.maxQueuedBytes() / 2) {
            output.congest();
        }
        if (waiting > options.maxQueuedBytes()) {
            return Offer.MISSED;
        }
        setAsideLocked(encoding);
        boolean first = !offeredSoon;
        offeredSoon = true;
        return first ? Offer.QUEUED_FIRST : Offer.QUEUED;
    }

    /** Sends what was offered, for whoever got {@link Offer#QUEUED_FIRST}. In a turn. */
    void sendOffered() {
        lock.lock();
        try {
            offeredSoon = false;
            takeAsideLocked(options.batchBytes());
        } finally {
            lock.unlock();
        }
        output.push();
        if (output.congested()) {
            // At the end of the turn it looks whether there is room again.
            connection.driver().touch();
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
        assert output.holdsLock();
        Aside waiting = aside;
        if (waiting == null || messageOpen) {
            return;
        }
        if (!output.sendableLocked()) {
            aside = null; // §5.5.1: nothing follows a Close frame.
            return;
        }
        while (output.batchLocked().bytes() < most) {
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
            case EncodedMessage.Encoding prepared -> {
                // Never changes, so the batch may keep it.
                boolean _ = appendPreparedLocked(prepared);
            }
            case Aside.Written written -> {
                if (appendWrittenLocked(written)) {
                    output.batchLocked().own();
                }
            }
        }
    }

    private boolean appendWrittenLocked(Aside.Written message) {
        Compressor codec = compressor;
        if (codec != null && message.compress()) {
            return appendCompressedLocked(codec, message.opcode(), ByteBuffer.wrap(message.payload()));
        }
        boolean borrowed = output.batchLocked().append(outbound, message.opcode(), message.payload());
        output.countLocked();
        return borrowed;
    }

    // ---- Messages piece by piece

    /** Waits until no other message is open and keeps it so: the next fragments are the caller's. */
    void beginMessage() throws IOException {
        beginMessage(output.writeUntil());
    }

    private void beginMessage(long until) throws IOException {
        lock.lock();
        try {
            awaitTurnLocked(until);
            messageOpen = true;
        } finally {
            lock.unlock();
        }
    }

    /**
     * Sends a fragment of the message that the caller began; the final one lets the next message begin.
     *
     * @param opcode the message's; a fragment after the first is a continuation
     * @throws InterruptedCallException if the wait for it ended early; it is sent all the same
     */
    void fragment(Opcode opcode, boolean fin, ByteBuffer payload) throws IOException {
        long until = output.writeUntil();
        InterruptedCallException interrupted;
        long duty;
        lock.lock();
        try {
            output.requireSendableLocked();
            interrupted = awaitRoomInMessageLocked(until);
            boolean borrowed = output.batchLocked().append(outbound, nextLocked(opcode), fin, 0, payload);
            output.countLocked();
            if (fin) {
                endMessageLocked();
            }
            duty = output.toDeliverLocked(borrowed);
        } finally {
            lock.unlock();
        }
        output.deliver(duty, until);
        if (interrupted != null) {
            throw interrupted;
        }
    }

    /** {@return the opcode of the next fragment of a message} */
    private Opcode nextLocked(Opcode opcode) {
        return outbound.messageOpen() ? Opcode.CONTINUATION : opcode;
    }

    /**
     * Waits for room in the middle of a message, since what waits behind it leaves only once it ends.
     *
     * @return what ended the wait before there was room; without the present fragment the message would not be whole
     */
    private @Nullable InterruptedCallException awaitRoomInMessageLocked(long until) throws WebSocketException {
        try {
            awaitRoomLocked(true, until);
            return null;
        } catch (InterruptedCallException e) {
            return e;
        }
    }

    /**
     * Compresses a part of the message that the caller began, and sends what comes of it in fragments; the final
     * one, after {@link FlushMode#LAST}, lets the next message begin.
     *
     * @param opcode the message's
     * @param plain consumed
     * @throws InterruptedCallException if the wait for it ended early; it is sent all the same
     */
    void compressed(Opcode opcode, FlushMode mode, ByteBuffer plain) throws IOException {
        Compressor codec = compressor;
        if (codec == null) {
            throw new IllegalStateException("permessage-deflate was not agreed on");
        }
        compressed(codec, opcode, mode, plain, true, output.writeUntil());
    }

    private void compressed(
            Compressor codec, Opcode opcode, FlushMode mode, ByteBuffer plain, boolean awaitsRoom, long until)
            throws IOException {
        InterruptedCallException interrupted = null;
        boolean all = false;
        while (!all) {
            long duty = Output.HELD;
            lock.lock();
            try {
                output.requireSendableLocked();
                if (awaitsRoom && interrupted == null) {
                    interrupted = awaitRoomInMessageLocked(until);
                }
                long before = output.batchLocked().bytes();
                all = codec.appendFragment(output.batchLocked(), outbound, nextLocked(opcode), plain, mode);
                if (output.batchLocked().bytes() > before) {
                    output.countLocked();
                    if (all && mode == FlushMode.LAST) {
                        endMessageLocked();
                    }
                    duty = output.toDeliverLocked(false);
                }
            } finally {
                lock.unlock();
            }
            try {
                output.deliver(duty, until);
            } catch (InterruptedCallException e) { // The rest is sent without waiting.
                interrupted = e;
            }
        }
        if (interrupted != null) {
            throw interrupted;
        }
    }

    /**
     * A message that the caller began will not end: if nothing of it was appended nothing has happened, else the
     * connection fails. Whether anything was, only the protocol knows: a codec may hold all of it, or have let go
     * of a part.
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
            connection.lifecycle().messageAbandoned(why);
        } else {
            push(); // What waited behind it.
        }
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

    // ---- Control frames

    /** Sends a Ping or Pong, between the fragments of a message if need be (§5.4). */
    void control(Opcode opcode, ByteBuffer payload) throws IOException {
        long until = output.writeUntil();
        long duty;
        lock.lock();
        try {
            output.requireSendableLocked();
            duty = countedLocked(output.batchLocked().append(outbound, opcode, true, 0, payload));
        } finally {
            lock.unlock();
        }
        output.deliver(duty, until);
    }

    /** Sends a Ping without waiting, for the tick. Does nothing when closing. */
    void pingLater(byte[] payload) {
        lock.lock();
        try {
            if (!output.sendableLocked()) {
                return;
            }
            appendLocked(Opcode.PING, payload);
        } finally {
            lock.unlock();
        }
        push();
    }

    /**
     * Answers a Ping at the end of the turn. A bounded number of Pongs waits; beyond it only the newest (§5.5.3).
     * In a turn.
     */
    void pong(byte[] payload) {
        lock.lock();
        try {
            if (!output.sendableLocked()) {
                return; // §5.5.1: nothing follows a Close frame.
            }
            if (pendingPongs >= options.maxPendingPongs()) {
                newestPong = payload;
                return;
            }
            pendingPongs++;
            appendLocked(Opcode.PONG, payload);
        } finally {
            lock.unlock();
        }
        connection.driver().touch();
    }

    private void appendLocked(Opcode opcode, byte[] payload) {
        boolean _ = output.batchLocked().append(outbound, opcode, true, 0, ByteBuffer.wrap(payload));
        output.countLocked();
    }

    /** A turn ends: what waits aside and found no place in the batch before comes next. In a turn. */
    void takeAside() {
        lock.lock();
        try {
            if (aside != null && !output.isBlockedLocked()) {
                takeAsideLocked(options.batchBytes());
            }
        } finally {
            lock.unlock();
        }
    }

    /** A turn ends: the Pong that had to wait leaves with what is there, unless too much is. In a turn. */
    void releasePongs() {
        if (pendingPongs == 0) { // Turns alone change it.
            return;
        }
        lock.lock();
        try {
            if (output.isBlockedLocked()) {
                return;
            }
            byte[] pong = newestPong;
            newestPong = null;
            pendingPongs = 0;
            if (pong != null && output.sendableLocked()) {
                appendLocked(Opcode.PONG, pong);
            }
        } finally {
            lock.unlock();
        }
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
        assert !Thread.holdsLock(connection.lifecycle()) : "the life cycle's monitor comes after the send lock";
        byte[] body = ClosePayload.encode(status);
        lock.lock();
        try {
            takeAsideLocked(Long.MAX_VALUE);
            // One Close frame, whoever asks how often.
            if (output.failedLocked() || !closing.sent(status)) {
                return false;
            }
            ifFirst.run();
            newestPong = null;
            appendLocked(Opcode.CLOSE, body);
            // Whoever waits to begin a message learns that there will be none.
            output.signalLocked();
            return true;
        } finally {
            lock.unlock();
        }
    }

    // ---- Turn and room

    /**
     * Waits until no message is open and there is room: while it waits for one of them, the other may be taken
     * away.
     */
    private void awaitTurnLocked(long until) throws WebSocketException {
        assert output.holdsLock();
        do {
            awaitMessageEndLocked(until);
            output.requireSendableLocked();
            awaitRoomLocked(false, until);
        } while (messageOpen);
        takeAsideLocked(Long.MAX_VALUE); // What was broadcast before it leaves before it.
    }

    private void awaitMessageEndLocked(long until) throws WebSocketException {
        if (messageOpen && output.onTurn()) {
            throw new QueueFullException("another thread has a message open, and a loop cannot wait for it");
        }
        while (messageOpen && output.sendableLocked()) {
            output.awaitChangeLocked(until);
        }
    }

    /** Waits while too much is queued, or refuses what cannot wait; see {@link QueuePolicy}. */
    private void awaitRoomLocked(boolean inMessage, long until) throws WebSocketException {
        long maxQueuedBytes = options.maxQueuedBytes();
        if (waitingLocked(inMessage) <= maxQueuedBytes || output.mayWait()) {
            return; // Whoever waits until its bytes have left queues no more than one message.
        }
        output.congest();
        QueuePolicy queuePolicy = options.queuePolicy();
        if (queuePolicy == QueuePolicy.BLOCK
                && connection.driver().onThread()
                && waitingLocked(inMessage) <= 2 * maxQueuedBytes) {
            // Others may have filled the queue, and its own listener cannot wait; it reads no
            // more meanwhile.
            return;
        }
        if (queuePolicy == QueuePolicy.DROP) {
            throw dropped();
        }
        if (queuePolicy == QueuePolicy.REFUSE || output.onTurn()) {
            throw new QueueFullException(queuedLocked() + " bytes wait > " + maxQueuedBytes);
        }
        while (output.sendableLocked() && waitingLocked(inMessage) > maxQueuedBytes / 2) {
            output.awaitChangeLocked(until);
        }
        output.requireSendableLocked();
    }

    /**
     * {@return what the writer is told; others are told by a thread that holds no lock, since they may be the
     * application}
     */
    private WebSocketException dropped() {
        WebSocketException why = new ConnectionClosedException(
                "dropped: the peer reads too slowly, more than " + options.maxQueuedBytes() + " bytes wait",
                null,
                null,
                null);
        connection.engine().start("gibbon-drop", () -> connection.lifecycle().lost(why));
        return why;
    }

    /** {@return what waits before a frame of an open message, or before a new message} */
    private long waitingLocked(boolean inMessage) {
        return inMessage ? output.inQueueLocked() : queuedLocked();
    }

    private long queuedLocked() {
        Aside waiting = aside;
        return output.inQueueLocked() + (waiting == null ? 0 : waiting.bytes());
    }

    /** Whether a message must wait, since another thread has one open and this one cannot. */
    private boolean mustWaitBehindLocked() {
        return messageOpen && output.onTurn();
    }

    private void waitBehindLocked(Aside.Item message, long until) throws WebSocketException {
        output.requireSendableLocked();
        awaitRoomLocked(false, until);
        setAsideLocked(message);
    }

    private void endMessageLocked() {
        assert output.holdsLock();
        messageOpen = false;
        takeAsideLocked(Long.MAX_VALUE);
        output.signalLocked();
    }

    /** Counts a frame; {@return what the caller must do for it, see {@link Output#deliver}} */
    private long countedLocked(boolean borrowed) {
        output.countLocked();
        return output.toDeliverLocked(borrowed);
    }

    // ---- What others ask

    /** {@return whether everything has left} */
    boolean allWritten() {
        return output.allWritten();
    }

    void flushStream() throws IOException {
        output.flushStream();
    }

    void readerBlocks() {
        output.readerBlocks();
    }

    void readerGoesOn() {
        output.readerGoesOn();
    }

    /** Has everything sent that is there, without waiting. */
    void push() {
        Driver driver = connection.driver();
        if (driver.onThread()) {
            driver.touch();
        } else {
            output.push();
        }
    }

    /** {@return how many bytes wait to be sent} */
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
        return output.congested();
    }

    /** {@return whether there was too much and all of it has left now; true once} */
    boolean drained() {
        lock.lock();
        try {
            if (!output.congested() || !output.allWrittenLocked() || aside != null) {
                return false;
            }
            output.relieved();
            return true;
        } finally {
            lock.unlock();
        }
    }

    /** The connection is gone: wakes everybody and gives the buffers back. */
    void fail() {
        lock.lock();
        try {
            if (compressor != null) {
                compressor.close();
            }
            aside = null;
            output.failLocked();
        } finally {
            lock.unlock();
        }
    }
}
