// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.servlet;

import dev.gibbon.Connection;
import dev.gibbon.ConnectionHandler;
import dev.gibbon.Listener;
import dev.gibbon.Upgrader;
import dev.gibbon.WebSocketHost;
import dev.gibbon.spi.UpgradeReply;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.logging.Logger;

/** Any container, by the streams of the servlet specification: the last resort. */
final class StreamsContainer implements ServletContainer {
    private static final Logger LOG = Logger.getLogger(StreamsContainer.class.getPackageName());

    private final AtomicBoolean told = new AtomicBoolean();

    @Override
    public boolean received(HttpServletRequest request) {
        return true;
    }

    @Override
    public void upgrade(
            WebSocketHost host,
            Upgrader upgrader,
            HttpServletRequest request,
            HttpServletResponse response,
            ConnectionHandler handler)
            throws IOException {
        upgradeTo(host, upgrader, request, response, connection -> {
            Thread _ = host.serve(connection, handler);
        });
    }

    @Override
    public void upgrade(
            WebSocketHost host,
            Upgrader upgrader,
            HttpServletRequest request,
            HttpServletResponse response,
            Listener listener)
            throws IOException {
        upgradeTo(host, upgrader, request, response, connection -> connection.listen(listener));
    }

    private void upgradeTo(
            WebSocketHost host,
            Upgrader upgrader,
            HttpServletRequest request,
            HttpServletResponse response,
            Consumer<Connection> taker)
            throws IOException {
        if (told.compareAndSet(false, true)) {
            String own = ServletHandshake.unwrapped(request).getClass().getName();
            LOG.warning("no adapter for " + own + ": its WebSockets run over servlet streams, a thread each;"
                    + " gibbon-tomcat, gibbon-jetty and gibbon-undertow do without");
        }
        switch (ServletHandshake.reply(host, upgrader, request)) {
            case UpgradeReply.Refused refused -> ServletHandshake.refuse(refused, request, response);
            case UpgradeReply.Accepted accepted -> accept(host, accepted, request, response, taker);
        }
    }

    private static void accept(
            WebSocketHost host,
            UpgradeReply.Accepted accepted,
            HttpServletRequest request,
            HttpServletResponse response,
            Consumer<Connection> taker)
            throws IOException {
        boolean taken = false;
        try {
            response.setStatus(accepted.status());
            ServletHandshake.addFields(accepted, request, response);
            SocketAddress local = address(request.getLocalAddr(), request.getLocalPort());
            SocketAddress peer = address(request.getRemoteAddr(), request.getRemotePort());
            ServletHandshake.unwrapped(request).upgrade(StreamUpgrade.class).begin(local, peer, streams -> {
                try (accepted) {
                    taker.accept(host.open(accepted, streams, ByteBuffer.allocate(0)));
                }
            });
            taken = true;
        } catch (ServletException e) {
            throw new IOException("the container does not upgrade", e);
        } catch (UnsupportedOperationException e) { // As a mock does.
            String own = ServletHandshake.unwrapped(request).getClass().getName();
            throw new UnsupportedOperationException(own + " has no connection to upgrade: it takes a server", e);
        } finally {
            if (!taken) {
                accepted.close();
            }
        }
    }

    /** Nothing is looked up. */
    private static SocketAddress address(String address, int port) {
        try {
            return new InetSocketAddress(InetAddress.ofLiteral(address), port);
        } catch (IllegalArgumentException _) {
            return InetSocketAddress.createUnresolved(address, Math.max(port, 0));
        }
    }
}
