// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.testkit;

import dev.gibbon.Role;
import dev.gibbon.TimeSource;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * Two transports in memory: what one end writes, the other reads. Each direction holds a bounded number of bytes, so a
 * writer that the other end does not keep up with blocks, as on TCP. {@link MemoryTransport} says how the ends behave.
 */
public final class TransportPair implements AutoCloseable {
    private final MemoryTransport client;
    private final MemoryTransport server;

    private TransportPair(Builder builder) {
        Pipe toServer = builder.pipe(Role.CLIENT);
        Pipe toClient = builder.pipe(Role.SERVER);
        this.client = builder.end(Role.CLIENT, toClient, toServer);
        this.server = builder.end(Role.SERVER, toServer, toClient);
    }

    /** {@return a pair with the defaults of {@link #builder()}} */
    public static TransportPair create() {
        return builder().build();
    }

    /** {@return a builder: 64 KiB each way, nothing split, the system's time, no log} */
    public static Builder builder() {
        return new Builder();
    }

    /** {@return the client's end} */
    public MemoryTransport client() {
        return client;
    }

    /** {@return the server's end} */
    public MemoryTransport server() {
        return server;
    }

    /**
     * Picks an end by role.
     *
     * @param role whose end
     * @return {@link #client()} or {@link #server()}
     */
    public MemoryTransport end(Role role) {
        return role == Role.CLIENT ? client : server;
    }

    /** Closes both ends. */
    @Override
    public void close() {
        client.close();
        server.close();
    }

    /**
     * Options of a pair. The two ends differ only where a method with a {@link Role} says so. One thread uses a
     * builder.
     */
    public static final class Builder {
        private final Map<Role, Splitter> reads = new EnumMap<>(Role.class);
        private final Map<Role, Splitter> writes = new EnumMap<>(Role.class);
        private final Map<Role, TimeSource> timeSources = new EnumMap<>(Role.class);
        private int capacity = 64 * 1024;
        private boolean logWrites;

        private Builder() {}

        /**
         * Sets how many bytes each direction holds before its writer blocks.
         *
         * @param bytes at least 1; 64 KiB unless set, about what a socket's buffers hold
         * @return this builder
         */
        public Builder capacity(int bytes) {
            if (bytes < 1) {
                throw new IllegalArgumentException("capacity must be at least 1: " + bytes);
            }
            this.capacity = bytes;
            return this;
        }

        /**
         * Splits the reads of both ends.
         *
         * @param splitter how
         * @return this builder
         */
        public Builder reads(Splitter splitter) {
            return reads(Role.CLIENT, splitter).reads(Role.SERVER, splitter);
        }

        /**
         * Splits the reads of one end.
         *
         * @param end whose reads
         * @param splitter how
         * @return this builder
         */
        public Builder reads(Role end, Splitter splitter) {
            reads.put(end, Objects.requireNonNull(splitter, "splitter"));
            return this;
        }

        /**
         * Lets the writes of both ends take only a part of what they are given.
         *
         * @param splitter how
         * @return this builder
         */
        public Builder writes(Splitter splitter) {
            return writes(Role.CLIENT, splitter).writes(Role.SERVER, splitter);
        }

        /**
         * Lets the writes of one end take only a part of what they are given.
         *
         * @param end whose writes
         * @param splitter how
         * @return this builder
         */
        public Builder writes(Role end, Splitter splitter) {
            writes.put(end, Objects.requireNonNull(splitter, "splitter"));
            return this;
        }

        /**
         * Lets the timed reads of both ends go by a time source, such as a {@link ManualClock}.
         *
         * @param timeSource whose time; the system's unless set
         * @return this builder
         */
        public Builder timeSource(TimeSource timeSource) {
            Objects.requireNonNull(timeSource, "timeSource");
            timeSources.put(Role.CLIENT, timeSource);
            timeSources.put(Role.SERVER, timeSource);
            return this;
        }

        /**
         * Keeps every write of both ends for {@link MemoryTransport#writeLog()}. The counters are kept always; this
         * grows with the number of writes.
         *
         * @return this builder
         */
        public Builder logWrites() {
            this.logWrites = true;
            return this;
        }

        /** {@return a new pair, both ends open} */
        public TransportPair build() {
            return new TransportPair(this);
        }

        private Pipe pipe(Role writer) {
            Splitter read = reads.getOrDefault(writer.peer(), Splitter.whole());
            Splitter write = writes.getOrDefault(writer, Splitter.whole());
            return new Pipe(capacity, read, write, logWrites);
        }

        private MemoryTransport end(Role role, Pipe in, Pipe out) {
            return new MemoryTransport(in, out, Optional.ofNullable(timeSources.get(role)));
        }
    }
}
