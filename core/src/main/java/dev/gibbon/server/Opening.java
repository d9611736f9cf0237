// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.server;

import dev.gibbon.ConnectionOptions;
import dev.gibbon.Headers;
import dev.gibbon.Upgrader;
import dev.gibbon.connection.Compression;
import dev.gibbon.connection.MessageQuota;
import dev.gibbon.connection.WindowMemory;
import dev.gibbon.handshake.HandshakeOutcome;
import dev.gibbon.spi.UpgradeReply;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * One opening handshake that an upgrader has accepted: the reply, and the memory set aside for what it promises.
 * Closing it gives that memory back unless a connection has taken it over. One thread.
 */
public final class Opening implements UpgradeReply.Accepted {
    private final Upgrader upgrader;
    private final ConnectionOptions options;
    private final int status;
    private final String path;
    private final HandshakeOutcome.Accepted outcome;
    private final @Nullable Compression compression;
    private final MessageQuota.@Nullable Terms messages;
    private WindowMemory.@Nullable Room room;

    /** The places of its connection among those of its address and user. */
    private Admission admission = Admission.NOT_COUNTED;

    private boolean opened;

    public Opening(
            Upgrader upgrader,
            ConnectionOptions options,
            int status,
            String path,
            HandshakeOutcome.Accepted outcome,
            @Nullable Compression compression,
            WindowMemory.@Nullable Room room,
            MessageQuota.@Nullable Terms messages) {
        this.upgrader = upgrader;
        this.options = options;
        this.status = status;
        this.path = path;
        this.outcome = outcome;
        this.compression = compression;
        this.room = room;
        this.messages = messages;
    }

    /**
     * {@return what a host was given to open}
     *
     * @throws IllegalArgumentException if no upgrader has made it
     */
    public static Opening of(UpgradeReply.Accepted reply) {
        if (reply instanceof Opening opening) {
            return opening;
        }
        throw new IllegalArgumentException("a reply to open is made by Upgrader.reply, not by " + reply.getClass());
    }

    public Upgrader upgrader() {
        return upgrader;
    }

    /** Its connection has these places; they are given back at its end, or when this is closed. */
    void admit(Admission places) {
        admission = places;
    }

    /** {@return what the messages of its connection have to wait for, from now on} */
    List<MessageQuota> quotas(long now) {
        if (messages == null) {
            return admission.quotas();
        }
        List<MessageQuota> all = new ArrayList<>(admission.quotas());
        all.add(new MessageQuota(messages, "one connection", now));
        return all;
    }

    /** {@return the path of the request; empty if it was not told} */
    public String path() {
        return path;
    }

    ConnectionOptions options() {
        return options;
    }

    @Override
    public int status() {
        return status;
    }

    @Override
    public Headers headers() {
        return outcome.reply();
    }

    @Override
    public Optional<String> subprotocol() {
        return outcome.agreement().subprotocol();
    }

    @Override
    public List<String> extensions() {
        return compression == null ? List.of() : List.of(compression.extension());
    }

    /** {@return what was agreed on about compression; null if nothing was} */
    @Nullable
    public Compression compression() {
        return compression;
    }

    /**
     * Leaves the memory to a connection; {@return what to run at its end, {@code ended} included}
     *
     * @throws IllegalStateException if a connection has been opened of it, or it was closed
     */
    public Runnable handOver(Runnable ended) {
        if (opened) {
            throw new IllegalStateException("this reply was opened already, or given up");
        }
        opened = true;
        WindowMemory.Room taken = room;
        Admission places = admission;
        if (taken == null && !places.isCounted()) {
            return ended;
        }
        room = null;
        admission = Admission.NOT_COUNTED;
        return () -> {
            if (taken != null) {
                taken.giveBack();
            }
            places.close();
            ended.run();
        };
    }

    @Override
    public void close() {
        opened = true;
        if (room != null) {
            room.giveBack();
            room = null;
        }
        admission.close();
        admission = Admission.NOT_COUNTED;
    }
}
