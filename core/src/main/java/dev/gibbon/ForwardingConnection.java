// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import java.io.IOException;
import java.io.InputStream;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentMap;
import javax.net.ssl.SSLSession;
import org.jspecify.annotations.Nullable;

/**
 * A connection that forwards each call to another, for those that override some of them: to count or trace messages, to
 * add a header to each, or to have a write fail in a test. What is not overridden does exactly what the other does.
 *
 * <pre>{@code
 * class Flaky extends ForwardingConnection {
 *     Flaky(Connection delegate) {
 *         super(delegate);
 *     }
 *
 *     @Override
 *     public void writeText(String text) throws IOException {
 *         throw new IOException("no more");
 *     }
 * }
 * }</pre>
 *
 * <p>Methods do not call each other here: to override {@link #writeText(String)} changes no other write, and {@link
 * #readMessage()} not the one that takes a time. {@link #forEachMessage} alone reads by way of this object's {@link
 * #readMessage()}. What the library itself does goes to the other connection: a {@link Group} that this one joins
 * broadcasts to the other, and a {@link Listener} is called with that.
 */
public non-sealed class ForwardingConnection implements Connection {
    private final Connection delegate;

    /**
     * Forwards to a connection.
     *
     * @param delegate the connection
     */
    protected ForwardingConnection(Connection delegate) {
        this.delegate = Objects.requireNonNull(delegate, "delegate");
    }

    /** {@return the connection that calls are forwarded to} */
    public final Connection delegate() {
        return delegate;
    }

    @Override
    public Role role() {
        return delegate.role();
    }

    @Override
    public long id() {
        return delegate.id();
    }

    @Override
    public String path() {
        return delegate.path();
    }

    @Override
    public Optional<String> subprotocol() {
        return delegate.subprotocol();
    }

    @Override
    public List<String> extensions() {
        return delegate.extensions();
    }

    @Override
    public Optional<SocketAddress> localAddress() {
        return delegate.localAddress();
    }

    @Override
    public Optional<SocketAddress> peerAddress() {
        return delegate.peerAddress();
    }

    @Override
    public Optional<SSLSession> tlsSession() {
        return delegate.tlsSession();
    }

    @Override
    public ConcurrentMap<String, Object> attributes() {
        return delegate.attributes();
    }

    @Override
    public ConnectionState state() {
        return delegate.state();
    }

    @Override
    public Optional<CloseStatus> closeStatus() {
        return delegate.closeStatus();
    }

    @Override
    public CompletableFuture<CloseStatus> closed() {
        return delegate.closed();
    }

    @Override
    public @Nullable Message readMessage() throws IOException {
        return delegate.readMessage();
    }

    @Override
    public @Nullable Message readMessage(Duration atMost) throws IOException {
        return delegate.readMessage(atMost);
    }

    @Override
    public @Nullable MessageReader nextReader() throws IOException {
        return delegate.nextReader();
    }

    @Override
    public @Nullable MessageReader nextReader(Duration atMost) throws IOException {
        return delegate.nextReader(atMost);
    }

    @Override
    public void listen(Listener listener) {
        delegate.listen(listener);
    }

    @Override
    public long queuedBytes() {
        return delegate.queuedBytes();
    }

    @Override
    public long missedBroadcasts() {
        return delegate.missedBroadcasts();
    }

    @Override
    public InputStream joinMessages(String terminator) {
        return delegate.joinMessages(terminator);
    }

    @Override
    public void writeText(String text) throws IOException {
        delegate.writeText(text);
    }

    @Override
    public void writeText(ByteBuffer utf8) throws IOException {
        delegate.writeText(utf8);
    }

    @Override
    public void writeBinary(ByteBuffer payload) throws IOException {
        delegate.writeBinary(payload);
    }

    @Override
    public void writeBinary(byte[] payload) throws IOException {
        delegate.writeBinary(payload);
    }

    @Override
    public void writeMessage(Message message) throws IOException {
        delegate.writeMessage(message);
    }

    @Override
    public void writeMessage(MessageView message) throws IOException {
        delegate.writeMessage(message);
    }

    @Override
    public MessageWriter nextWriter(MessageType type) throws IOException {
        return delegate.nextWriter(type);
    }

    @Override
    public void writeMessage(MessageType type, MessageWriter.Content content) throws IOException {
        delegate.writeMessage(type, content);
    }

    @Override
    public void writePrepared(PreparedMessage message) throws IOException {
        delegate.writePrepared(message);
    }

    @Override
    public void flush() throws IOException {
        delegate.flush();
    }

    @Override
    public void setBatchWrites(boolean on) throws IOException {
        delegate.setBatchWrites(on);
    }

    @Override
    public void setWriteCompression(boolean on) {
        delegate.setWriteCompression(on);
    }

    @Override
    public CompletableFuture<Duration> ping() throws IOException {
        return delegate.ping();
    }

    @Override
    public void ping(ByteBuffer payload) throws IOException {
        delegate.ping(payload);
    }

    @Override
    public void pong(ByteBuffer payload) throws IOException {
        delegate.pong(payload);
    }

    @Override
    public void setControlListener(ControlListener listener) {
        delegate.setControlListener(listener);
    }

    @Override
    public void setMaxMessageBytes(long bytes) {
        delegate.setMaxMessageBytes(bytes);
    }

    @Override
    public void setWriteTimeout(Duration atMost) {
        delegate.setWriteTimeout(atMost);
    }

    @Override
    public void close() {
        delegate.close();
    }

    @Override
    public void close(CloseCode code, String reason) {
        delegate.close(code, reason);
    }

    @Override
    public void abort() {
        delegate.abort();
    }

    /** {@return what the other connection says, for a log} */
    @Override
    public String toString() {
        return delegate.toString();
    }
}
