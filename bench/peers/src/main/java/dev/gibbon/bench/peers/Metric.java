// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.bench.peers;

import org.jspecify.annotations.Nullable;

/** A figure of a run. */
enum Metric {
    SERVER_CPU("server CPU µs/message"),
    SERVER_CORES("server cores busy"),
    RATE("messages/s"),
    P50("p50 µs"),
    P99("p99 µs"),
    P999("p99.9 µs"),
    CLIENT_CPU("client CPU µs/message"),
    CLIENT_CORES("client cores busy"),
    RSS("RSS MiB"),
    RSS_PER_CONNECTION("RSS bytes/connection"),
    ALIVE("connections alive"),
    COLLECTIONS("GCs/s"),
    COLLECTION_TIME("GC ms/s"),
    ALLOCATED("bytes allocated/message"),
    HEAP_PER_CONNECTION("heap bytes/connection"),
    WIRE_PART("wire/plain");

    private final String title;

    Metric(String title) {
        this.title = title;
    }

    String title() {
        return title;
    }

    /** {@return the figure, or null where a run has none} */
    @Nullable
    Double of(Measurement run) {
        LoadResult load = run.load();
        if (load == null) {
            return null;
        }
        LoadResult.Server server = load.server();
        LoadResult.Latency latency = load.latencyMicros();
        JvmFigures jvm = run.jvm();
        return switch (this) {
            case SERVER_CPU -> server == null ? null : server.cpuMicrosPerMessage();
            case SERVER_CORES -> server == null ? null : server.cpuSeconds() / load.seconds();
            case RATE -> load.messagesPerSecond();
            case P50 -> latency == null ? null : latency.p50();
            case P99 -> latency == null ? null : latency.p99();
            case P999 -> latency == null ? null : latency.p999();
            case CLIENT_CPU -> load.clientCpuMicrosPerMessage();
            case CLIENT_CORES -> load.clientCpuSeconds() / load.seconds();
            case RSS -> server == null ? null : server.rssBytes() / (1024.0 * 1024);
            case RSS_PER_CONNECTION -> server == null ? null : server.rssBytesPerConnection();
            case ALIVE -> load.alive() == null ? null : (double) load.alive();
            case COLLECTIONS -> jvm == null ? null : perSecond(jvm.collections(), jvm);
            case COLLECTION_TIME -> jvm == null ? null : perSecond(jvm.collectionMillis(), jvm);
            case ALLOCATED -> jvm == null ? null : jvm.allocatedBytesPerMessage();
            case HEAP_PER_CONNECTION -> jvm == null ? null : jvm.heapBytesPerConnection();
            case WIRE_PART ->
                load.compression() == null ? null : load.compression().wirePart();
        };
    }

    private static @Nullable Double perSecond(@Nullable Long count, JvmFigures jvm) {
        return count == null || jvm.windowSeconds() == null ? null : count / jvm.windowSeconds();
    }
}
