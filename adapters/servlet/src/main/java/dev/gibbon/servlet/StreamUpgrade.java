// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.servlet;

import dev.gibbon.spi.Transport;
import jakarta.servlet.http.HttpUpgradeHandler;
import jakarta.servlet.http.WebConnection;
import java.io.IOException;
import java.net.SocketAddress;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * What a container calls once it has sent the 101: it has to make this itself, so that what is to happen is told
 * afterwards, on the same thread.
 */
public final class StreamUpgrade implements HttpUpgradeHandler {
    private static final Logger LOG = Logger.getLogger(StreamUpgrade.class.getPackageName());

    /** What is to happen, and the ends of the connection, which its streams do not tell. */
    private record Opening(Consumer<Transport> then, SocketAddress local, SocketAddress peer) {}

    private @Nullable Opening opening;
    private @Nullable StreamTransport streams;

    /** For the container. */
    public StreamUpgrade() {}

    void begin(SocketAddress local, SocketAddress peer, Consumer<Transport> whenOpened) {
        opening = new Opening(whenOpened, local, peer);
    }

    @Override
    public void init(WebConnection connection) {
        try {
            Opening told = Objects.requireNonNull(opening, "nothing was told to happen");
            StreamTransport made = new StreamTransport(connection, told.local(), told.peer());
            streams = made;
            told.then().accept(made);
        } catch (IOException e) {
            LOG.log(Level.FINE, "the client left", e);
        }
    }

    @Override
    public void destroy() {
        StreamTransport open = streams;
        if (open != null) {
            open.ended();
        }
    }
}
