// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import dev.gibbon.connection.Compression;
import dev.gibbon.connection.RequestContext;
import dev.gibbon.connection.WebSocketConnection;
import dev.gibbon.deflate.DeflateAgreement;
import dev.gibbon.deflate.ZlibPool;
import dev.gibbon.loop.Carriers;
import dev.gibbon.loop.LoopEngine;
import dev.gibbon.spi.AsyncStream;
import dev.gibbon.spi.Transport;
import dev.gibbon.support.SystemTimeSource;
import dev.gibbon.testkit.ManualClock;
import java.nio.ByteBuffer;
import java.util.Optional;

/**
 * A connection with an engine of its own, which a fuzz target
 * can ask what is still leased. In this package to reach it.
 *
 * @param connection the connection
 * @param engine what it runs on
 */
public record ObservedConnection(Connection connection, LoopEngine engine) {
    /** One for all: the thread of its loop stays, since its time stands still. */
    private static final LoopEngine SHARED = new LoopEngine(new ManualClock(), () -> 0x37FA213D, 1);

    /** {@return an open connection over {@code transport}, with {@code leftover} already read from it} */
    public static ObservedConnection open(
            Transport transport, Role role, ConnectionOptions options, ByteBuffer leftover) {
        Connection connection = SHARED.open(transport, role, options, Optional.empty(), leftover);
        return new ObservedConnection(connection, SHARED);
    }

    /** {@return an open connection over a stream that tells of its events} */
    public static ObservedConnection open(AsyncStream stream, Role role, ConnectionOptions options) {
        Connection connection = WebSocketConnection.open(
                SHARED,
                Carriers.of(SHARED, stream),
                role,
                options,
                Optional.empty(),
                null,
                ByteBuffer.allocate(0),
                RequestContext.NONE);
        return new ObservedConnection(connection, SHARED);
    }

    /** {@return one that agreed on permessage-deflate and compresses every message, however short} */
    public static ObservedConnection openCompressed(
            Transport transport, Role role, ConnectionOptions options, DeflateAgreement agreement) {
        LoopEngine engine = new LoopEngine(new SystemTimeSource(), () -> 0x37FA213D, 1);
        PermessageDeflate deflate =
                PermessageDeflate.builder().thresholdBytes(0).build();
        Connection connection = engine.open(
                transport,
                role,
                options,
                Optional.empty(),
                new Compression(deflate, agreement, "permessage-deflate"),
                ByteBuffer.allocate(0));
        return new ObservedConnection(connection, engine);
    }

    /**
     * Ends the zlib objects.
     *
     * @throws AssertionError if one is still out
     */
    public void endCodecs() {
        ZlibPool pool = engine.zlib(PermessageDeflate.defaults().level());
        engine.end();
        if (pool.leased() != 0 || pool.live() != 0) {
            throw new AssertionError(pool.leased() + " zlib objects are out, " + pool.live() + " live");
        }
    }

    /** {@return whether the connection is closed, has given back every buffer, and is forgotten} */
    public boolean isGone() {
        return connection.state() == ConnectionState.CLOSED
                && engine.buffers().leased() == 0
                && engine.connections().isEmpty()
                && engine.readAheadBytes() == 0
                && engine.zlib(PermessageDeflate.defaults().level()).leased() == 0;
    }

    @Override
    public String toString() {
        return connection.state() + ", " + engine.buffers().leased() + " buffers leased, "
                + engine.connections().size() + " connections, " + engine.readAheadBytes() + " bytes unread";
    }
}
