// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import dev.gibbon.handshake.HandshakeOutcome;
import org.jspecify.annotations.Nullable;

/**
 * One opening handshake at an upgrader: the answer, and the memory set aside for what it promises. Closing it gives
 * that memory back unless a connection has taken it over. One thread.
 */
final class Opening implements AutoCloseable {
    private final Upgrader upgrader;
    private final HandshakeOutcome outcome;
    private final @Nullable Compression compression;
    private WindowMemory.@Nullable Room room;

    Opening(
            Upgrader upgrader,
            HandshakeOutcome outcome,
            @Nullable Compression compression,
            WindowMemory.@Nullable Room room) {
        this.upgrader = upgrader;
        this.outcome = outcome;
        this.compression = compression;
        this.room = room;
    }

    Upgrader upgrader() {
        return upgrader;
    }

    HandshakeOutcome outcome() {
        return outcome;
    }

    /** {@return what was agreed on about compression; null if nothing was} */
    @Nullable
    Compression compression() {
        return compression;
    }

    /** Leaves the memory to a connection; {@return what to run at its end, {@code ended} included} */
    Runnable handOver(Runnable ended) {
        WindowMemory.Room taken = room;
        if (taken == null) {
            return ended;
        }
        room = null;
        return () -> {
            taken.giveBack();
            ended.run();
        };
    }

    @Override
    public void close() {
        if (room != null) {
            room.giveBack();
        }
    }
}
