// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import dev.gibbon.support.Arguments;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * How a connection behaves and what it lets its peer do. Immutable; made by {@link #builder()}. Whoever sets nothing is
 * safe: every size, count and wait that the peer controls has a bound.
 */
public final class ConnectionOptions {
    /** One for all connections that have these options. */
    private final long maxFrameBytes;

    private final long maxMessageBytes;
    private final int maxFragments;
    private final int maxControlFramesPerMinute;

    private final int maxPendingPongs;
    private final Optional<Duration> idleTimeout;
    private final Duration messageTimeout;
    private final Duration messageStallTimeout;
    private final long messageStallBytes;
    private final Duration writeTimeout;
    private final Duration closeTimeout;
    private final Optional<Duration> pingInterval;
    private final Duration pingTimeout;
    private final boolean batchWrites;
    private final int batchBytes;
    private final int maxReadAheadBytes;
    private final long maxQueuedBytes;
    private final QueuePolicy queuePolicy;

    private ConnectionOptions(Builder from) {
        maxFrameBytes = Math.min(from.maxFrameBytes, from.maxMessageBytes);
        maxMessageBytes = from.maxMessageBytes;
        maxFragments = from.maxFragments;
        maxControlFramesPerMinute = from.maxControlFramesPerMinute;
        maxPendingPongs = from.maxPendingPongs;
        idleTimeout = from.idleTimeout;
        messageTimeout = from.messageTimeout;
        messageStallTimeout = from.messageStallTimeout;
        messageStallBytes = from.messageStallBytes;
        writeTimeout = from.writeTimeout;
        closeTimeout = from.closeTimeout;
        pingInterval = from.pingInterval;
        pingTimeout = from.pingTimeout;
        batchWrites = from.batchWrites;
        batchBytes = from.batchBytes;
        maxReadAheadBytes = from.maxReadAheadBytes;
        maxQueuedBytes = from.maxQueuedBytes;
        queuePolicy = from.queuePolicy;
    }

    /** {@return options with every default} */
    public static ConnectionOptions defaults() {
        return builder().build();
    }

    /** {@return a builder that starts from every default} */
    public static Builder builder() {
        return new Builder();
    }

    /** {@return a builder that starts from these options} */
    public Builder toBuilder() {
        return new Builder(this);
    }

    /** {@return the longest message accepted, all fragments together, in bytes; 1 MiB unless set} */
    public long maxMessageBytes() {
        return maxMessageBytes;
    }

    /** {@return the longest payload of one frame accepted, in bytes; as long as a message unless set} */
    public long maxFrameBytes() {
        return maxFrameBytes;
    }

    /** {@return how many frames one message may have, empty ones counted; 16384 unless set} */
    public int maxFragments() {
        return maxFragments;
    }

    /** {@return how many Ping and Pong frames that nobody asked for may come in a minute; 300 unless set} */
    public int maxControlFramesPerMinute() {
        return maxControlFramesPerMinute;
    }

    /** {@return how many Pongs may wait to be sent before only the newest is kept (RFC 6455 §5.5.3); 16 unless set} */
    public int maxPendingPongs() {
        return maxPendingPongs;
    }

    /** {@return how long nothing may come, unless a message lies unread, before a Close 1001; 5 min unless set} */
    public Optional<Duration> idleTimeout() {
        return idleTimeout;
    }

    /** {@return how long the rest of a message that has begun is waited for in all; 1 h unless set} */
    public Duration messageTimeout() {
        return messageTimeout;
    }

    /** {@return in which time {@link #messageStallBytes()} of a message must come; 60 s unless set} */
    public Duration messageStallTimeout() {
        return messageStallTimeout;
    }

    /** {@return how many bytes of a message must come in {@link #messageStallTimeout()}; 1 KiB unless set} */
    public long messageStallBytes() {
        return messageStallBytes;
    }

    /** {@return how long a write may go without moving 1 KiB before the connection is dropped; 10 s unless set} */
    public Duration writeTimeout() {
        return writeTimeout;
    }

    /** {@return how long the closing handshake may take in all; 10 s unless set} */
    public Duration closeTimeout() {
        return closeTimeout;
    }

    /** {@return how often a Ping is sent, if at all; every 25 s unless set} */
    public Optional<Duration> pingInterval() {
        return pingInterval;
    }

    /** {@return how long the peer may stay silent after such a Ping; 20 s unless set} */
    public Duration pingTimeout() {
        return pingTimeout;
    }

    /** {@return whether frames are held back until the reader is about to block; false unless set} */
    public boolean batchWrites() {
        return batchWrites;
    }

    /** {@return at how many bytes held-back frames are sent all the same; 48 KiB unless set} */
    public int batchBytes() {
        return batchBytes;
    }

    /**
     * {@return how many bytes of messages that nobody has read yet are kept before reading pauses, about; 16 KiB unless
     * set} Of a message that is longer no more is kept until a read asks for it.
     */
    public int maxReadAheadBytes() {
        return maxReadAheadBytes;
    }

    /** {@return how much may wait for a slow peer before a write is held up or refused, in bytes} */
    public long maxQueuedBytes() {
        return maxQueuedBytes;
    }

    /** {@return what becomes of a write then} */
    public QueuePolicy queuePolicy() {
        return queuePolicy;
    }

    private Map<String, Object> values() {
        Map<String, Object> values = new LinkedHashMap<>();
        values.put("maxMessageBytes", maxMessageBytes());
        values.put("maxFrameBytes", maxFrameBytes());
        values.put("maxFragments", maxFragments());
        values.put("maxControlFramesPerMinute", maxControlFramesPerMinute());
        values.put("maxPendingPongs", maxPendingPongs);
        values.put("idleTimeout", idleTimeout);
        values.put("messageTimeout", messageTimeout);
        values.put("messageStallTimeout", messageStallTimeout);
        values.put("messageStallBytes", messageStallBytes);
        values.put("writeTimeout", writeTimeout);
        values.put("closeTimeout", closeTimeout);
        values.put("pingInterval", pingInterval);
        values.put("pingTimeout", pingTimeout);
        values.put("batchWrites", batchWrites);
        values.put("batchBytes", batchBytes);
        values.put("maxReadAheadBytes", maxReadAheadBytes);
        values.put("maxQueuedBytes", maxQueuedBytes);
        values.put("queuePolicy", queuePolicy);
        return values;
    }

    /** {@return whether every option is the same} */
    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof ConnectionOptions options && values().equals(options.values());
    }

    @Override
    public int hashCode() {
        return values().hashCode();
    }

    /** {@return every option by its name} */
    @Override
    public String toString() {
        return "ConnectionOptions" + values();
    }

    /**
     * Collects options. A setter throws {@link IllegalArgumentException} for what is out of its range, and
     * {@link NullPointerException} for null. Not safe for use by several threads.
     */
    public static final class Builder {
        private long maxMessageBytes = 1L << 20;
        private long maxFrameBytes = Long.MAX_VALUE;
        private int maxFragments = 16_384;
        private int maxControlFramesPerMinute = 300;
        private int maxPendingPongs = 16;
        private Optional<Duration> idleTimeout = Optional.of(Duration.ofMinutes(5));
        private Duration messageTimeout = Duration.ofHours(1);
        private Duration messageStallTimeout = Duration.ofSeconds(60);
        private long messageStallBytes = 1024;
        private Duration writeTimeout = Duration.ofSeconds(10);
        private Duration closeTimeout = Duration.ofSeconds(10);
        private Optional<Duration> pingInterval = Optional.of(Duration.ofSeconds(25));
        private Duration pingTimeout = Duration.ofSeconds(20);
        private boolean batchWrites;
        private int batchBytes = 48 * 1024;
        private int maxReadAheadBytes = 16 * 1024;
        private long maxQueuedBytes = 1L << 20;
        private QueuePolicy queuePolicy = QueuePolicy.BLOCK;

        private Builder() {}

        private Builder(ConnectionOptions from) {
            maxMessageBytes = from.maxMessageBytes();
            maxFrameBytes = from.maxFrameBytes();
            maxFragments = from.maxFragments();
            maxControlFramesPerMinute = from.maxControlFramesPerMinute();
            maxPendingPongs = from.maxPendingPongs();
            idleTimeout = from.idleTimeout();
            messageTimeout = from.messageTimeout();
            messageStallTimeout = from.messageStallTimeout();
            messageStallBytes = from.messageStallBytes();
            writeTimeout = from.writeTimeout();
            closeTimeout = from.closeTimeout();
            pingInterval = from.pingInterval();
            pingTimeout = from.pingTimeout();
            batchWrites = from.batchWrites();
            batchBytes = from.batchBytes();
            maxReadAheadBytes = from.maxReadAheadBytes();
            maxQueuedBytes = from.maxQueuedBytes();
            queuePolicy = from.queuePolicy();
        }

        /**
         * Bounds a message, all its fragments together. A longer one fails the connection
         * with 1009 as soon as a frame's header says so. 1 MiB unless set: room for most
         * applications, and a thousand connections that fill it stay within a gigabyte.
         *
         * @param bytes 1 or more; {@link Connection#readMessage()} cannot return more than about 2 GiB
         * @return this
         */
        public Builder maxMessageBytes(long bytes) {
            maxMessageBytes = Arguments.positive("maxMessageBytes", bytes);
            return this;
        }

        /**
         * Bounds the payload of one frame. As long as a message unless set.
         *
         * @param bytes 1 or more
         * @return this
         */
        public Builder maxFrameBytes(long bytes) {
            maxFrameBytes = Arguments.positive("maxFrameBytes", bytes);
            return this;
        }

        /**
         * Bounds the frames of one message, empty ones counted; one more fails the connection with 1008. 16384 unless
         * set: tiny fragments cost far more to handle than they cost to send.
         *
         * @param count 1 or more
         * @return this
         */
        public Builder maxFragments(int count) {
            maxFragments = Arguments.positive("maxFragments", count);
            return this;
        }

        /**
         * Bounds the Ping and Pong frames that may come in a minute, and at once; one more fails the connection with
         * 1008. A Pong for each Ping that this side sends does not count. 300 unless set, five a second: far above any
         * keepalive.
         *
         * @param count 1 or more
         * @return this
         */
        public Builder maxControlFramesPerMinute(int count) {
            maxControlFramesPerMinute = Arguments.positive("maxControlFramesPerMinute", count);
            return this;
        }

        /**
         * Bounds the Pongs that wait for a peer that does not read. Beyond it only the newest Ping is answered, as RFC
         * 6455 §5.5.3 allows. 16 unless set.
         *
         * @param count 1 or more
         * @return this
         */
        public Builder maxPendingPongs(int count) {
            maxPendingPongs = Arguments.positive("maxPendingPongs", count);
            return this;
        }

        /**
         * Bounds the silence in which nothing comes; then the connection is closed with 1001. A peer that answers
         * {@linkplain #keepalive(Duration) keepalive} Pings is not silent. 5 min unless set, so that peers that
         * vanished do not stay for ever. Time in which a message lies unread does not count.
         *
         * @param timeout positive
         * @return this
         */
        public Builder idleTimeout(Duration timeout) {
            idleTimeout = Optional.of(Arguments.positive("idleTimeout", timeout));
            return this;
        }

        /**
         * Lets a peer be silent for as long as it likes, which keepalive alone bounds then, unless that is off too.
         *
         * @return this
         */
        public Builder noIdleTimeout() {
            idleTimeout = Optional.empty();
            return this;
        }

        /**
         * Bounds the wait for the rest of a message that has begun, however steadily it comes; then the connection
         * fails with 1008. It counts while {@link Connection#readMessage()} waits, or a {@link Listener} gets the
         * message whole; what is streamed, by {@link Connection#nextReader()} or in parts, is not bound by it. 1 h
         * unless set: 64 MiB at 19 KB/s.
         *
         * @param timeout positive
         * @return this
         */
        public Builder messageTimeout(Duration timeout) {
            messageTimeout = Arguments.positive("messageTimeout", timeout);
            return this;
        }

        /**
         * Bounds how slowly the rest of a message may come that has begun: with less than {@code bytes} of it in
         * {@code period} the connection fails with 1008. It counts where {@link #messageTimeout} does, and looks at
         * bytes of that message alone, once they are inflated; control frames in between are no progress. 1 KiB in
         * 60 s unless set: any network that works brings more, and a peer that drips bytes to hold our memory is
         * let go.
         *
         * @param bytes 1 or more
         * @param period positive
         * @return this
         */
        public Builder messageStall(long bytes, Duration period) {
            messageStallBytes = Arguments.positive("messageStallBytes", bytes);
            messageStallTimeout = Arguments.positive("messageStallTimeout", period);
            return this;
        }

        /**
         * Bounds the time in which a write moves less than 1 KiB; then the connection is dropped, since a frame may be
         * cut. 10 s unless set. It is looked at about once a second.
         *
         * @param timeout positive
         * @return this
         */
        public Builder writeTimeout(Duration timeout) {
            writeTimeout = Arguments.positive("writeTimeout", timeout);
            return this;
        }

        /**
         * Bounds the whole closing handshake, from the first Close frame to the end of the transport. 10 s unless set.
         *
         * @param timeout positive
         * @return this
         */
        public Builder closeTimeout(Duration timeout) {
            closeTimeout = Arguments.positive("closeTimeout", timeout);
            return this;
        }

        /**
         * Sets how often a Ping is sent (§5.5.2), which is answered by every peer that keeps to the RFC, a browser's
         * page included. Every 25 s unless set: proxies, load balancers and NATs let go of connections on which
         * nothing passes for 30 to 60 s. A peer that does not answer is dropped, see
         * {@link #keepalive(Duration, Duration)}; unless set after 20 s, thus no later than 45 s after it vanished.
         *
         * @param interval positive
         * @return this
         */
        public Builder keepalive(Duration interval) {
            pingInterval = Optional.of(Arguments.positive("pingInterval", interval));
            return this;
        }

        /**
         * Sets how often a Ping is sent, and how long its answer is waited for: a peer from which nothing at all comes
         * for {@code timeout} after a Ping, while no message lies unread, is dropped after a best-effort Close 1011.
         * What comes instead of the Pong is a sign of life as well. Times are looked at about once a second, or four
         * times in the shortest of them.
         *
         * @param interval positive
         * @param timeout positive
         * @return this
         */
        public Builder keepalive(Duration interval, Duration timeout) {
            pingInterval = Optional.of(Arguments.positive("pingInterval", interval));
            pingTimeout = Arguments.positive("pingTimeout", timeout);
            return this;
        }

        /**
         * Sends no Pings. Then the {@linkplain #idleTimeout idle time-out} alone finds a peer that has vanished, and
         * what lies in between may cut a connection that rests.
         *
         * @return this
         */
        public Builder noKeepalive() {
            pingInterval = Optional.empty();
            return this;
        }

        /**
         * Holds frames back so that many answers leave in one system call: they leave when this connection's own reader
         * is about to block, on {@link Connection#flush()}, and at {@link #batchBytes(int)}. Right for handlers that
         * only compute between a read and the next. Off unless set, since a handler that goes off to a slow call would
         * hold its answers back meanwhile.
         *
         * @param on whether to hold frames back
         * @return this
         */
        public Builder batchWrites(boolean on) {
            batchWrites = on;
            return this;
        }

        /**
         * Sends held-back frames once there are this many bytes of them. 48 KiB unless set.
         *
         * @param bytes 1 or more
         * @return this
         */
        public Builder batchBytes(int bytes) {
            batchBytes = Arguments.positive("batchBytes", bytes);
            return this;
        }

        /**
         * Bounds what is kept of messages that nobody has read yet, where there is no {@link Listener}. Beyond it
         * nothing more is read until the messages are taken, and the peer's TCP stops sending: then Pings behind them
         * are not answered and a Close frame behind them is not seen. All connections of a server or dialer together
         * keep 64 MiB; where they do, each that has nothing yet reads on by 1 KiB at most. 16 KiB unless set, since a
         * connection that nobody reads should cost little.
         *
         * @param bytes positive; a message counts for 64 bytes more than it has
         * @return this
         */
        public Builder maxReadAheadBytes(int bytes) {
            maxReadAheadBytes = Arguments.positive("maxReadAheadBytes", bytes);
            return this;
        }

        /**
         * Bounds what waits for a peer that reads too slowly on a connection with a {@link Listener}:
         * a message is queued only while no more than this waits, so one of any length passes; beyond
         * half of it no more is read from the peer. A listener cannot wait on its loop: under
         * {@link QueuePolicy#BLOCK} it may queue up to twice as much on its own connection before a
         * write is refused. What is broadcast is bound by it on every connection. 1 MiB unless set.
         *
         * @param bytes 1 or more
         * @param policy what becomes of a write beyond it; {@link QueuePolicy#BLOCK} unless set
         * @return this
         */
        public Builder maxQueuedBytes(long bytes, QueuePolicy policy) {
            maxQueuedBytes = Arguments.positive("maxQueuedBytes", bytes);
            queuePolicy = Objects.requireNonNull(policy, "queuePolicy");
            return this;
        }

        /** {@return the options} */
        public ConnectionOptions build() {
            return new ConnectionOptions(this);
        }
    }
}
