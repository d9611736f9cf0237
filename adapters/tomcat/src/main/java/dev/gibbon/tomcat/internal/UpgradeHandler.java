// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.tomcat.internal;

import dev.gibbon.Connection;
import jakarta.servlet.http.WebConnection;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Objects;
import org.apache.coyote.http11.upgrade.InternalHttpUpgradeHandler;
import org.apache.tomcat.util.net.AbstractEndpoint.Handler.SocketState;
import org.apache.tomcat.util.net.NioChannel;
import org.apache.tomcat.util.net.NioEndpoint.NioSocketWrapper;
import org.apache.tomcat.util.net.SSLSupport;
import org.apache.tomcat.util.net.SecureNioChannel;
import org.apache.tomcat.util.net.SocketBufferHandler;
import org.apache.tomcat.util.net.SocketEvent;
import org.apache.tomcat.util.net.SocketWrapperBase;
import org.jspecify.annotations.Nullable;

/**
 * What Tomcat has instead of a request once it has sent 101: opens the connection over the socket, and tells it of
 * the socket's end. Tomcat's poller keeps the socket without interest, so that its connector counts it still.
 */
public final class UpgradeHandler implements InternalHttpUpgradeHandler {
    private @Nullable Take take;
    private Unopened.@Nullable Handshake handshake;
    private @Nullable SocketWrapperBase<?> wrapper;

    /** Null until it is open. */
    private volatile @Nullable Connection connection;

    /** For Tomcat. */
    public UpgradeHandler() {}

    void prepare(Take given, Unopened.Handshake unopened) {
        take = given;
        handshake = unopened;
    }

    @Override
    public void setSocketWrapper(SocketWrapperBase<?> socket) {
        wrapper = socket;
    }

    /** The answer has been sent. */
    @Override
    public void init(WebConnection unused) {
        Take given = Objects.requireNonNull(take, "take");
        SocketWrapperBase<?> socket = Objects.requireNonNull(wrapper, "wrapper");
        GiveBack giveBack = new GiveBack(socket);
        Thread thread = Thread.currentThread();
        ClassLoader own = thread.getContextClassLoader();
        // Threads that are made here inherit it.
        thread.setContextClassLoader(given.loader());
        try (Unopened.Handshake _ = handshake) {
            Connection opened = open(given, socket, giveBack);
            connection = opened;
            given.face().accept(opened);
        } catch (IOException _) {
            // The client was gone before.
            giveBack.run();
        } finally {
            thread.setContextClassLoader(own);
        }
        tellEnd();
    }

    private static Connection open(Take given, SocketWrapperBase<?> wrapper, GiveBack giveBack) throws IOException {
        if (wrapper instanceof NioSocketWrapper nio) {
            NioChannel channel = nio.getSocket();
            return channel instanceof SecureNioChannel tls
                    ? given.host().open(given.accepted(), new TlsStream(nio, tls, giveBack), ByteBuffer.allocate(0))
                    : given.host().open(given.accepted(), channel.getIOChannel(), leftover(nio), giveBack);
        }
        return given.host().open(given.accepted(), new BlockingTransport(wrapper, giveBack), ByteBuffer.allocate(0));
    }

    /** {@return what came behind the request} */
    private static ByteBuffer leftover(NioSocketWrapper wrapper) throws IOException {
        SocketBufferHandler buffers = wrapper.getSocketBufferHandler();
        if (buffers.isReadBufferEmpty()) {
            return ByteBuffer.allocate(0);
        }
        ByteBuffer leftover = ByteBuffer.allocate(buffers.getReadBuffer().capacity());
        int _ = wrapper.read(false, leftover);
        return leftover.flip();
    }

    /** Our loop, not Tomcat's poller, is told when there are bytes. */
    @Override
    public boolean hasAsyncIO() {
        return true;
    }

    @Override
    public SocketState upgradeDispatch(SocketEvent event) {
        return switch (event) {
            case OPEN_READ, OPEN_WRITE -> SocketState.ASYNC_IO;
            case STOP, TIMEOUT, DISCONNECT, ERROR, CONNECT_FAIL -> SocketState.CLOSED;
        };
    }

    /** Tomcat looks once a second, and when it stops. It may have closed the socket before it could tell us. */
    @Override
    public void timeoutAsync(long now) {
        tellEnd();
    }

    private void tellEnd() {
        SocketWrapperBase<?> socket = wrapper;
        if (socket != null && socket.isClosed()) {
            destroy();
        }
    }

    /** The socket is closed: by us, or by Tomcat, which tells no selector. */
    @Override
    public void destroy() {
        Connection ended = connection;
        if (ended != null) {
            ended.abort();
        }
    }

    @Override
    public void setSslSupport(SSLSupport sslSupport) {
        // The session is asked of the channel.
    }

    @Override
    public void pause() {
        // Closing the WebSocketHost closes connections with 1001.
    }
}
