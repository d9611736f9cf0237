// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import dev.gibbon.support.Arguments;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.zip.Deflater;
import org.jspecify.annotations.Nullable;

/**
 * How a connection compresses its messages (permessage-deflate, RFC 7692). An upgrader or dialer that is given these
 * options negotiates the extension; one without them does not. Immutable; made by {@link #builder()}.
 *
 * <p>Context takeover, where both sides agree on it, lets a message refer back to earlier ones. It costs a window of
 * plain bytes per direction, at most 2 to the power of the window bits, which grows with what is sent; an idle
 * connection holds no more than that.
 *
 * <p>A secret and text that an attacker chooses must not be compressed in one context: the
 * length of the result tells about the secret. Leave such messages uncompressed with
 * {@link Builder#condition}, or switch takeover off and keep the two in separate messages.
 */
public final class PermessageDeflate {
    /** The smallest window of RFC 7692 §7.1.2: 2^8 bytes. */
    public static final int MIN_WINDOW_BITS = 8;

    /** The largest window of RFC 7692 §7.1.2: 2^15 bytes. */
    public static final int MAX_WINDOW_BITS = 15;

    /**
     * What the windows of clients that cannot bound theirs may take in all unless told otherwise: 64 MiB, 2048 such
     * clients.
     */
    public static final long USUAL_UNBOUNDED_WINDOW_BYTES = 64L * 1024 * 1024;

    /** How much of its own messages a side keeps unless told otherwise, and a server of the client's: 2^12 bytes. */
    public static final int USUAL_WINDOW_BITS = 12;

    private final int level;
    private final boolean serverNoContextTakeover;
    private final boolean clientNoContextTakeover;
    private final OptionalInt serverMaxWindowBits;
    private final OptionalInt clientMaxWindowBits;
    private final boolean strictClientWindow;
    private final long unboundedWindowBytes;
    private final int thresholdBytes;
    private final Condition condition;
    private final boolean liveStreams;

    private PermessageDeflate(Builder from) {
        level = from.level;
        serverNoContextTakeover = from.serverNoContextTakeover;
        clientNoContextTakeover = from.clientNoContextTakeover;
        serverMaxWindowBits = from.serverMaxWindowBits;
        clientMaxWindowBits = from.clientMaxWindowBits;
        strictClientWindow = from.strictClientWindow;
        unboundedWindowBytes = from.unboundedWindowBytes;
        thresholdBytes = from.thresholdBytes;
        condition = from.condition;
        liveStreams = from.liveStreams;
    }

    /** {@return options with every default} */
    public static PermessageDeflate defaults() {
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

    /** {@return how hard to compress, 1 (fast) to 9 (small); 1 unless set} */
    public int level() {
        return level;
    }

    /** {@return whether the server must not refer back to earlier messages (§7.1.1.1); false unless set} */
    public boolean serverNoContextTakeover() {
        return serverNoContextTakeover;
    }

    /** {@return whether the client must not refer back to earlier messages (§7.1.1.2); false unless set} */
    public boolean clientNoContextTakeover() {
        return clientNoContextTakeover;
    }

    /**
     * {@return the base-2 logarithm of the largest window of the server's messages (§7.1.2.1); unless set, a server has
     * {@value #USUAL_WINDOW_BITS} and a client asks for nothing}
     */
    public OptionalInt serverMaxWindowBits() {
        return serverMaxWindowBits;
    }

    /**
     * {@return the base-2 logarithm of the largest window of the client's messages (§7.1.2.2); unless set, a client has
     * {@value #USUAL_WINDOW_BITS} and announces nothing, and a server asks for that}
     */
    public OptionalInt clientMaxWindowBits() {
        return clientMaxWindowBits;
    }

    /**
     * {@return whether a server has clients that cannot bound their window go without context takeover; false unless
     * set}
     */
    public boolean strictClientWindow() {
        return strictClientWindow;
    }

    /** {@return what a server keeps in all of the windows of clients that cannot bound theirs; 64 MiB unless set} */
    public long unboundedWindowBytes() {
        return unboundedWindowBytes;
    }

    /** {@return from how many bytes on a message is compressed; 128 unless set} */
    public int thresholdBytes() {
        return thresholdBytes;
    }

    /** {@return which messages to compress, of those that reach the threshold; all unless set} */
    public Condition condition() {
        return condition;
    }

    /** {@return whether a connection keeps its compressor between messages; false unless set} */
    public boolean liveStreams() {
        return liveStreams;
    }

    /**
     * {@return whether to compress a message: it reaches the threshold and meets the condition}
     *
     * @param type text or binary
     * @param length its payload bytes
     */
    public boolean compresses(MessageType type, long length) {
        return length >= thresholdBytes && condition.compress(type, length);
    }

    private Map<String, Object> values() {
        Map<String, Object> values = new LinkedHashMap<>();
        values.put("level", level);
        values.put("serverNoContextTakeover", serverNoContextTakeover);
        values.put("clientNoContextTakeover", clientNoContextTakeover);
        values.put("serverMaxWindowBits", serverMaxWindowBits);
        values.put("clientMaxWindowBits", clientMaxWindowBits);
        values.put("strictClientWindow", strictClientWindow);
        values.put("unboundedWindowBytes", unboundedWindowBytes);
        values.put("thresholdBytes", thresholdBytes);
        values.put("condition", condition);
        values.put("liveStreams", liveStreams);
        return values;
    }

    /** {@return whether every option is the same} Conditions are the same if they are equal as objects. */
    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof PermessageDeflate options && values().equals(options.values());
    }

    @Override
    public int hashCode() {
        return values().hashCode();
    }

    /** {@return every option by its name} */
    @Override
    public String toString() {
        return "PermessageDeflate" + values();
    }

    /** Which messages to compress. Called by any thread, also by several at once. */
    @FunctionalInterface
    public interface Condition {
        /**
         * {@return whether to compress a message}
         *
         * @param type text or binary
         * @param length its payload bytes; {@link Long#MAX_VALUE} if it is written piece by piece, so that nobody knows
         */
        boolean compress(MessageType type, long length);
    }

    /**
     * Collects options. A setter throws {@link IllegalArgumentException} for what is out of its range, and
     * {@link NullPointerException} for null. Not safe for use by several threads.
     */
    public static final class Builder {
        private static final Condition ALL = (_, _) -> true;

        private int level = Deflater.BEST_SPEED;
        private boolean serverNoContextTakeover;
        private boolean clientNoContextTakeover;
        private OptionalInt serverMaxWindowBits = OptionalInt.empty();
        private OptionalInt clientMaxWindowBits = OptionalInt.empty();
        private boolean strictClientWindow;
        private long unboundedWindowBytes = USUAL_UNBOUNDED_WINDOW_BYTES;
        private int thresholdBytes = 128;
        private Condition condition = ALL;
        private boolean liveStreams;

        private Builder() {}

        private Builder(PermessageDeflate from) {
            level = from.level();
            serverNoContextTakeover = from.serverNoContextTakeover();
            clientNoContextTakeover = from.clientNoContextTakeover();
            serverMaxWindowBits = from.serverMaxWindowBits();
            clientMaxWindowBits = from.clientMaxWindowBits();
            strictClientWindow = from.strictClientWindow();
            unboundedWindowBytes = from.unboundedWindowBytes();
            thresholdBytes = from.thresholdBytes();
            condition = from.condition();
            liveStreams = from.liveStreams();
        }

        /**
         * Sets how hard to compress. 1 unless set: 6 saves a tenth to a fifth of the bytes of messages up to 4 KiB for
         * up to twice the time, and costs three times the time from there on (docs/compression.md).
         *
         * @param level 1 (fast) to 9 (small)
         * @return this
         */
        public Builder level(int level) {
            this.level = Arguments.within("level", level, 1, 9);
            return this;
        }

        /**
         * Keeps the server from referring back to earlier messages (RFC 7692 §7.1.1.1): a server says so in its answer,
         * a client asks for it and refuses a server that does not agree. False unless set.
         *
         * @param on whether each of the server's messages stands for itself
         * @return this
         */
        public Builder serverNoContextTakeover(boolean on) {
            serverNoContextTakeover = on;
            return this;
        }

        /**
         * Keeps the client from referring back to earlier messages (RFC 7692 §7.1.1.2): a server demands it in its
         * answer, a client announces it in its offer. False unless set.
         *
         * @param on whether each of the client's messages stands for itself
         * @return this
         */
        public Builder clientNoContextTakeover(boolean on) {
            clientNoContextTakeover = on;
            return this;
        }

        /**
         * Bounds the window of the server's messages (RFC 7692 §7.1.2.1). A server keeps no more
         * than this of them, and goes no farther back within a message either if the client asks
         * for a bound. A client asks for it, and lets a server that cannot bound its window go
         * without context takeover instead, so that the client's memory is bounded either way.
         *
         * <p>Unless set a server has {@value #USUAL_WINDOW_BITS}: before each message its
         * predecessors, up to this size, are gone through again, which costs about a microsecond
         * per KiB, and messages that resemble each other gain little beyond it. A client asks
         * for nothing, since it has few connections and some servers grant no such wish.
         *
         * @param bits 8 to 15; the window has 2 to this power bytes
         * @return this
         */
        public Builder serverMaxWindowBits(int bits) {
            serverMaxWindowBits =
                    OptionalInt.of(Arguments.within("serverMaxWindowBits", bits, MIN_WINDOW_BITS, MAX_WINDOW_BITS));
            return this;
        }

        /**
         * Bounds the window of the client's messages (RFC 7692 §7.1.2.2). A client announces it and uses no larger
         * one. A server sends it to clients that say they can bound theirs; for the others see {@link
         * #unboundedWindowBytes} and {@link #strictClientWindow}. Some clients cannot use 8.
         *
         * <p>Unless set it is {@value #USUAL_WINDOW_BITS} for a server, which is the memory that each of these
         * connections may make it keep; a client keeps as much of its own messages, and announces nothing.
         *
         * @param bits 8 to 15; the window has 2 to this power bytes
         * @return this
         */
        public Builder clientMaxWindowBits(int bits) {
            clientMaxWindowBits =
                    OptionalInt.of(Arguments.within("clientMaxWindowBits", bits, MIN_WINDOW_BITS, MAX_WINDOW_BITS));
            return this;
        }

        /**
         * Has a client that did not say that it can bound its window go without context takeover, unless {@link
         * #clientMaxWindowBits} is {@value #MAX_WINDOW_BITS}: the server demands {@code client_no_context_takeover}
         * in its answer unasked, as RFC 7692 §7.1.1.2 lets it, and keeps no window at all for that client. False
         * unless set, since such clients are common and few expect this: those of Netty, Vert.x and Reactor Netty
         * refuse the connection, and those of Jetty and Tyrus carry their context over all the same, so that the
         * connection fails with their second message. For a server alone; a client has no use for it.
         *
         * @param on whether to demand it
         * @return this
         */
        public Builder strictClientWindow(boolean on) {
            strictClientWindow = on;
            return this;
        }

        /**
         * Bounds what an upgrader keeps in all for clients that did not say that they can bound their window: 2 to
         * the power of {@value #MAX_WINDOW_BITS} bytes, 32 KiB, are set aside for each such connection when it opens,
         * and are filled as messages come. Clients beyond the bound are served without compression. 64 MiB unless
         * set, which is 2048 such clients; 0 declines compression to all of them. It does not count where {@link
         * #clientMaxWindowBits} is {@value #MAX_WINDOW_BITS} or nothing is carried over.
         *
         * @param bytes 0 or more
         * @return this
         */
        public Builder unboundedWindowBytes(long bytes) {
            unboundedWindowBytes = Arguments.notNegative("unboundedWindowBytes", bytes);
            return this;
        }

        /**
         * Sends messages of fewer bytes uncompressed. 128 unless set: a message costs several microseconds however
         * short it is, as much as sending it, and saves less than the headers of the packet around it.
         *
         * @param bytes 0 or more
         * @return this
         */
        public Builder thresholdBytes(int bytes) {
            thresholdBytes = Arguments.notNegative("thresholdBytes", bytes);
            return this;
        }

        /**
         * Chooses the messages to compress among those that reach the threshold, such as text only. All unless set.
         *
         * @param condition what to ask before each message
         * @return this
         */
        public Builder condition(Condition condition) {
            this.condition = Objects.requireNonNull(condition, "condition");
            return this;
        }

        /**
         * Keeps a compressor for each connection between its messages, about 200 KiB of native
         * memory, so that nothing has to be gone through again before each; where context takeover
         * is agreed and the peer asks for no smaller window. For few, busy connections. False unless
         * set. Reading needs no such thing, since its window is set up in about a microsecond.
         *
         * @param on whether to keep compressors
         * @return this
         */
        public Builder liveStreams(boolean on) {
            liveStreams = on;
            return this;
        }

        /** {@return the options} */
        public PermessageDeflate build() {
            return new PermessageDeflate(this);
        }
    }
}
