// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.connection;

import dev.gibbon.ConnectionClosedException;
import dev.gibbon.ConnectionOptions;
import dev.gibbon.InterruptedCallException;
import dev.gibbon.QueueFullException;
import dev.gibbon.QueuePolicy;
import dev.gibbon.WebSocketException;
import dev.gibbon.deflate.FlushMode;
import dev.gibbon.frame.Opcode;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * The messages that a connection sends, whole or piece by piece: when each may be appended to the {@linkplain Output
 * output}. A message is atomic and waits for one that another thread has open, and what waits for a slow peer is
 * bounded. What was broadcast before comes before what is written.
 */
public final class Sender {
    private final WebSocketConnection connection;
    private final Output output;
    private final Delivery delivery;
    private final ConnectionOptions options;

    /** Null unless permessage-deflate was agreed on. */
    private final @Nullable Compressor compressor;

    // Guarded by output.lock.
    private boolean messageOpen;

    /** What waits until it may be appended; null until something does. */
    private @Nullable Aside aside;

    private boolean dropping;

    Sender(WebSocketConnection connection, Output output, ConnectionOptions options, @Nullable Compressor compressor) {
        this.connection = connection;
        this.output = output;
        this.delivery = output.delivery();
        this.options = options;
        this.compressor = compressor;
    }

    public Output output() {
        return output;
    }

    Delivery delivery() {
        return delivery;
    }

    // ---- Whole messages

    /**
     * Sends a whole message as one frame.
     *
     * @param received if that is what {@code payload} shows
     */
    void message(Opcode opcode, ByteBuffer payload, @Nullable ReceivedView received) throws IOException {
        long until = delivery.writeUntil();
        if (compressor != null && compressor.wants(opcode, payload.remaining())) {
            compressor.sendMessage(this, opcode, payload, until);
            return;
        }
        int bytes = payload.remaining();
        long duty = Delivery.HELD;
        output.lock.lock();
        try {
            if (mustWaitBehindLocked()) {
                waitBehindLocked(Aside.Written.copyOf(opcode, payload, false), until);
            } else {
                awaitTurnLocked(until);
                SendBatch batch = output.batchLocked();
                boolean borrowed = batch.append(output.outbound(), opcode, true, 0, payload);
                if (borrowed && received != null) {
                    batch.received(received);
                }
                duty = delivery.countedLocked(borrowed);
            }
        } finally {
            output.lock.unlock();
        }
        sent(opcode, bytes);
        delivery.deliver(duty, until);
    }

    /** A message is queued, all of it: those who observe are told. Not under the lock, since they may do anything. */
    void sent(Opcode opcode, long bytes) {
        Observed seen = connection.observed();
        if (seen != null) {
            seen.sent(opcode, bytes);
        }
    }

    /** Sends a whole message as one frame. */
    void message(Opcode opcode, byte[] payload) throws IOException {
        long until = delivery.writeUntil();
        if (compressor != null && compressor.wants(opcode, payload.length)) {
            compressor.sendMessage(this, opcode, ByteBuffer.wrap(payload), until);
            return;
        }
        long duty = Delivery.HELD;
        output.lock.lock();
        try {
            if (mustWaitBehindLocked()) {
                waitBehindLocked(new Aside.Written(opcode, payload.clone(), false), until);
            } else {
                awaitTurnLocked(until);
                duty = delivery.countedLocked(output.batchLocked().append(output.outbound(), opcode, payload));
            }
        } finally {
            output.lock.unlock();
        }
        sent(opcode, payload.length);
        delivery.deliver(duty, until);
    }

    /** Sends a message whose one frame is encoded already. */
    void prepared(EncodedMessage message) throws IOException {
        long until = delivery.writeUntil();
        EncodedMessage.Encoding encoding = encoding(message);
        long duty = Delivery.HELD;
        output.lock.lock();
        try {
            if (mustWaitBehindLocked()) {
                waitBehindLocked(encoding, until);
            } else {
                awaitTurnLocked(until);
                duty = delivery.dutyLocked(encoding.appendLocked(output, compressor));
            }
        } finally {
            output.lock.unlock();
        }
        sent(message.opcode(), message.length());
        delivery.deliver(duty, until);
    }

    private EncodedMessage.Encoding encoding(EncodedMessage message) {
        assert !output.holdsLock() : "the lock of a prepared message comes before the send lock";
        return compressor == null ? message.plain() : compressor.encoding(message);
    }

    // ---- Broadcasts, and what else waits aside

    /**
     * Queues a message that is broadcast, behind all that was written and offered before; never waits. What is
     * written from now on comes behind it.
     */
    Aside.Offer offer(EncodedMessage message) {
        EncodedMessage.Encoding encoding = encoding(message);
        Aside.Offer outcome;
        boolean drop;
        output.lock.lock();
        try {
            outcome = asideLocked().offerLocked(encoding, options.maxQueuedBytes());
            drop = outcome == Aside.Offer.MISSED && options.queuePolicy() == QueuePolicy.DROP && !dropping;
            dropping |= drop;
        } finally {
            output.lock.unlock();
        }
        observeOffer(message, outcome);
        if (drop) {
            WebSocketException _ = dropped();
        }
        return outcome;
    }

    private void observeOffer(EncodedMessage message, Aside.Offer outcome) {
        Observed seen = connection.observed();
        if (seen == null) {
            return;
        }
        switch (outcome) {
            case QUEUED, QUEUED_FIRST -> seen.sent(message.opcode(), message.length());
            case MISSED -> seen.broadcastMissed();
            case CLOSED -> {}
        }
    }

    /** Sends what was offered, for whoever got {@link Aside.Offer#QUEUED_FIRST}. In a turn. */
    void sendOffered() {
        output.lock.lock();
        try {
            asideLocked().sendsOfferedLocked();
            takeAsideLocked(options.batchBytes());
        } finally {
            output.lock.unlock();
        }
        output.push();
        if (output.congested()) {
            // At the end of the turn it looks whether there is room again.
            connection.driver().touch();
        }
    }

    /** {@return how many broadcast messages this connection did not get, for want of room} */
    long missedBroadcasts() {
        output.lock.lock();
        try {
            return aside == null ? 0 : aside.missedLocked();
        } finally {
            output.lock.unlock();
        }
    }

    /** A turn ends: what waits aside and found no place in the batch before comes next. In a turn. */
    void takeAside() {
        output.lock.lock();
        try {
            if (!output.isBlockedLocked()) {
                takeAsideLocked(options.batchBytes());
            }
        } finally {
            output.lock.unlock();
        }
    }

    /** Appends what waits, in order, unless a message is open, until the batch has about so many bytes. */
    void takeAsideLocked(long most) {
        assert output.holdsLock();
        Aside waiting = aside;
        if (waiting != null && !messageOpen) {
            waiting.takeLocked(most);
        }
    }

    private Aside asideLocked() {
        Aside made = aside;
        if (made == null) {
            made = new Aside(output, compressor);
            aside = made;
        }
        return made;
    }

    // ---- Messages piece by piece

    /** Waits until no other message is open and keeps it so: the next fragments are the caller's. */
    void beginMessage() throws IOException {
        beginMessage(delivery.writeUntil());
    }

    void beginMessage(long until) throws IOException {
        output.lock.lock();
        try {
            awaitTurnLocked(until);
            messageOpen = true;
        } finally {
            output.lock.unlock();
        }
    }

    /**
     * Sends a fragment of the message that the caller began; the final one lets the next message begin.
     *
     * @param opcode the message's; a fragment after the first is a continuation
     * @throws InterruptedCallException if the wait for it ended early; it is sent all the same
     */
    void fragment(Opcode opcode, boolean fin, ByteBuffer payload) throws IOException {
        long until = delivery.writeUntil();
        InterruptedCallException interrupted;
        long duty;
        output.lock.lock();
        try {
            output.requireSendableLocked();
            interrupted = awaitRoomInMessageLocked(until);
            boolean borrowed = output.batchLocked().append(output.outbound(), nextLocked(opcode), fin, 0, payload);
            output.countLocked();
            if (fin) {
                endMessageLocked();
            }
            duty = delivery.dutyLocked(borrowed);
        } finally {
            output.lock.unlock();
        }
        delivery.deliver(duty, until);
        if (interrupted != null) {
            throw interrupted;
        }
    }

    /** {@return the opcode of the next fragment of a message} */
    Opcode nextLocked(Opcode opcode) {
        return output.outbound().messageOpen() ? Opcode.CONTINUATION : opcode;
    }

    /**
     * Waits for room in the middle of a message, since what waits behind it leaves only once it ends.
     *
     * @return what ended the wait before there was room; without the present fragment the message would not be whole
     */
    @Nullable
    InterruptedCallException awaitRoomInMessageLocked(long until) throws WebSocketException {
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
        codec.sendPart(this, opcode, mode, plain, true, delivery.writeUntil());
    }

    /**
     * A message that the caller began will not end: if nothing of it was appended nothing has happened, else the
     * connection fails. Whether anything was, only the protocol knows: a codec may hold all of it, or have let go
     * of a part.
     */
    void abandonMessage(String why) {
        boolean begun;
        output.lock.lock();
        try {
            begun = output.outbound().messageOpen();
            if (!begun) {
                if (compressor != null) {
                    compressor.abandonMessage();
                }
                endMessageLocked();
            }
        } finally {
            output.lock.unlock();
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

    // ---- Turn and room

    /**
     * Waits until no message is open and there is room: while it waits for one of them, the other may be taken
     * away.
     */
    void awaitTurnLocked(long until) throws WebSocketException {
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
            delivery.awaitChangeLocked(until);
        }
    }

    /** Waits while too much is queued, or refuses what cannot wait; see {@link QueuePolicy}. */
    private void awaitRoomLocked(boolean inMessage, long until) throws WebSocketException {
        long maxQueuedBytes = options.maxQueuedBytes();
        if (waitingLocked(inMessage) <= maxQueuedBytes || delivery.mayWait()) {
            return; // Whoever waits until its bytes have left queues no more than one message.
        }
        output.congestLocked(aside == null ? 0 : aside.bytesLocked());
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
            delivery.awaitChangeLocked(until);
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
        return output.inQueueLocked() + (waiting == null ? 0 : waiting.bytesLocked());
    }

    /** Whether a message must wait, since another thread has one open and this one cannot. */
    boolean mustWaitBehindLocked() {
        return messageOpen && output.onTurn();
    }

    /** Sets a message aside that waits until the open one has ended. */
    void waitBehindLocked(Aside.Item message, long until) throws WebSocketException {
        output.requireSendableLocked();
        awaitRoomLocked(false, until);
        asideLocked().addLocked(message);
    }

    /** The open message is whole, or given up before it began: the next may begin. */
    void endMessageLocked() {
        assert output.holdsLock();
        messageOpen = false;
        takeAsideLocked(Long.MAX_VALUE);
        delivery.signalLocked();
    }

    // ---- What others ask

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
        output.lock.lock();
        try {
            return queuedLocked();
        } finally {
            output.lock.unlock();
        }
    }

    /** {@return whether there was too much and all of it has left now; true once} */
    boolean drained() {
        output.lock.lock();
        try {
            if (!output.congested() || !output.allWrittenLocked() || (aside != null && !aside.isEmptyLocked())) {
                return false;
            }
            output.relieved();
            return true;
        } finally {
            output.lock.unlock();
        }
    }

    /** The connection is gone: wakes everybody and gives the buffers back. */
    void fail() {
        output.lock.lock();
        try {
            if (compressor != null) {
                compressor.close();
            }
            if (aside != null) {
                aside.clearLocked();
            }
            output.failLocked();
        } finally {
            output.lock.unlock();
        }
    }
}
