// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import dev.gibbon.connection.LoopGuard;
import dev.gibbon.connection.WebSocketConnection;
import dev.gibbon.loop.SharedEngine;
import dev.gibbon.spi.Transport;
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
 * An open WebSocket connection, the same for both sides. Its calls block, which is cheap on a virtual thread.
 *
 * <p><b>Reading</b> is for one thread at a time; a second one gets {@link IllegalStateException}. A connection is
 * alive whether or not anybody reads: Pings are answered, Pongs and the peer's Close are seen, and {@link
 * #state()}, {@link #closeStatus()} and {@link #closed()} tell of it, until messages that nobody takes fill {@link
 * ConnectionOptions#maxReadAheadBytes()}; what comes behind those is seen once they are read. <b>Writing</b> is for
 * every thread: each message is sent whole, in some order, and control frames pass between its fragments (RFC 6455
 * §5.4).
 *
 * <p><b>On the thread of an event loop</b> nothing may wait, since it serves other connections too. There an {@link
 * IllegalStateException} refuses each call that might, at once, and tells what to do instead: a read, a write to a
 * connection that has no {@link Listener} on a loop, {@link Dialer#dial(java.net.URI)}, waiting for the future of a
 * {@link #ping()}. {@link #close()} and {@link WebSocketServer#close} return and go on elsewhere.
 *
 * <p><b>Arguments</b> are checked where they are passed, {@code null} included, before anything else happens:
 * {@link NullPointerException} and {@link IllegalArgumentException} name the one that is wrong, and nothing was
 * sent.
 *
 * <p>Only the library makes connections. To change or watch what one does, in a test above all, extend {@link
 * ForwardingConnection}; to have one without a network, give {@link #over} a transport in memory, as the test kit has.
 *
 * <p><b>The end.</b> When the peer closes with 1000, 1001 or no code, reads return {@code null}. Everything else is
 * an exception: {@link ConnectionClosedException} when the peer closed with another code or inside a message, or
 * the connection was lost (1006), {@link ProtocolException} and {@link MessageTooBigException} when the peer broke
 * a rule or a limit. Whatever a read reported at the end, every later read reports again.
 *
 * <p><b>Interrupts and time-outs</b> end a call, not the connection. An interrupted read or write throws {@link
 * InterruptedCallException}, and the interrupt flag stays set; a read that was given a time throws {@link
 * ReadTimeoutException}. Nothing that was received is lost, and what a write began is still sent whole. Only a
 * message of which a part may have left when {@linkplain #setWriteTimeout its time} is up takes the connection with
 * it.
 */
public sealed interface Connection extends AutoCloseable permits ForwardingConnection, WebSocketConnection {
    /**
     * Runs the protocol over a transport on which the opening handshake is done, or agreed upon otherwise.
     *
     * @param transport a blocking transport; this connection owns it from now on
     * @param role which side we are
     * @param options how the connection behaves
     * @return the open connection
     */
    static Connection over(Transport transport, Role role, ConnectionOptions options) {
        Objects.requireNonNull(transport, "transport");
        Objects.requireNonNull(role, "role");
        Objects.requireNonNull(options, "options");
        return SharedEngine.engine().open(transport, role, options, Optional.empty(), ByteBuffer.allocate(0));
    }

    /**
     * {@return whether this is the thread of an event loop, where nothing may wait} For code that is called on any
     * thread, and would have to wait.
     */
    static boolean isLoopThread() {
        return LoopGuard.isLoopThread();
    }

    /** {@return which side we are} */
    Role role();

    /**
     * {@return a number that tells this connection from others of the same server, host or dialer} Lines of the log
     * that concern it name it, and so do the threads that serve it alone.
     */
    long id();

    /**
     * {@return the path that was asked for, as sent, without the query; empty where it is not known, as over a
     * transport of the caller's} On a server the peer has chosen it: escape it before it is shown.
     */
    String path();

    /** {@return the subprotocol that both sides agreed on, if any (§1.9)} */
    Optional<String> subprotocol();

    /**
     * {@return the extensions that both sides agreed on, with their parameters, as they stand in the server's reply
     * (§9.1); empty if there are none} For instance {@code permessage-deflate; server_max_window_bits=12}.
     */
    List<String> extensions();

    /** {@return our address, if the transport has one} */
    Optional<SocketAddress> localAddress();

    /** {@return the peer's address, if the transport has one} */
    Optional<SocketAddress> peerAddress();

    /** {@return the TLS session, if the transport is encrypted} */
    Optional<SSLSession> tlsSession();

    /**
     * {@return whatever the application wants to keep with this connection; safe for any thread, and empty at first}
     */
    ConcurrentMap<String, Object> attributes();

    /** {@return where the connection stands} */
    ConnectionState state();

    /**
     * {@return how the connection ended: the peer's close code and reason (§7.1.5, §7.1.6), or 1006 once it is gone
     * without one; empty while neither is so}
     */
    Optional<CloseStatus> closeStatus();

    /**
     * {@return completes once the connection has ended, however that comes, whether or not anybody reads} Its value is
     * that of {@link #closeStatus()}, 1006 where the peer sent no Close frame; it never fails, and it is complete at
     * once if the connection has ended before. By then the transport is gone and everything given back.
     *
     * <p>What depends on it runs on a virtual thread of its own, where it may block; what is added later runs at once,
     * on the thread that adds it. Each call returns a future of its own: to complete or cancel that one changes nothing
     * for others. To wait for it on the thread of an event loop is refused with {@link IllegalStateException}.
     */
    CompletableFuture<CloseStatus> closed();

    /**
     * Reads the next message whole. Blocks until its last byte is there, however long that takes. What is left of a
     * message that was being streamed is skipped.
     *
     * @return the message, the caller's to keep, or {@code null} once the peer has closed cleanly
     * @throws InterruptedCallException if the thread was interrupted while it waited; nothing is lost, read again
     * @throws WebSocketException at any other end, now and every time after
     * @throws IllegalStateException if another thread reads, a listener has the connection, or a loop's thread calls
     */
    @Nullable
    Message readMessage() throws IOException;

    /**
     * Reads the next message whole, but waits for its last byte only so long. What has come of it by then is kept for
     * the next read, whichever that is; see {@link #readMessage()}.
     *
     * @param atMost how long to wait; zero or less takes only what has been received, which of a message that is longer
     *     than {@link ConnectionOptions#maxReadAheadBytes()} is its beginning at most
     * @return the message, the caller's to keep, or {@code null} once the peer has closed cleanly
     * @throws ReadTimeoutException if its end did not come in that time; nothing is lost, read again
     * @throws InterruptedCallException if the thread was interrupted while it waited; nothing is lost, read again
     * @throws WebSocketException at any other end, now and every time after
     * @throws IllegalStateException if another thread reads, a listener has the connection, or a loop's thread calls
     */
    @Nullable
    Message readMessage(Duration atMost) throws IOException;

    /**
     * Reads the next message piece by piece. Blocks until its first bytes or its end are there, however long that
     * takes. What is left of a message that was being streamed is skipped.
     *
     * @return the message, or {@code null} once the peer has closed cleanly
     * @throws InterruptedCallException if the thread was interrupted while it waited; nothing is lost, read again
     * @throws WebSocketException at any other end, now and every time after
     * @throws IllegalStateException if another thread reads, a listener has the connection, or a loop's thread calls
     */
    @Nullable
    MessageReader nextReader() throws IOException;

    /**
     * Reads the next message piece by piece, but waits for its beginning only so long; see {@link #nextReader()}. How
     * long the reads of the message itself wait {@link MessageReader#timeout} says.
     *
     * @param atMost how long to wait; zero or less takes only what has been received
     * @return the message, or {@code null} once the peer has closed cleanly
     * @throws ReadTimeoutException if none began in that time; nothing is lost, read again
     * @throws InterruptedCallException if the thread was interrupted while it waited; nothing is lost, read again
     * @throws WebSocketException at any other end, now and every time after
     * @throws IllegalStateException if another thread reads, a listener has the connection, or a loop's thread calls
     */
    @Nullable
    MessageReader nextReader(Duration atMost) throws IOException;

    /**
     * Reads messages and gives each to {@code handler}, one after the other on this thread, until the peer has closed
     * cleanly. An echo is {@code ws.forEachMessage(ws::writeMessage)}.
     *
     * @param handler what to do with a message
     * @param <E> what the handler throws besides unchecked exceptions
     * @throws E what the handler threw; the connection stays as it is
     * @throws WebSocketException at any end but a clean one, as {@link #readMessage} says
     * @throws IllegalStateException if another thread reads, or a handler calls this
     */
    default <E extends Exception> void forEachMessage(MessageHandler<E> handler) throws IOException, E {
        Objects.requireNonNull(handler, "handler");
        for (Message message = readMessage(); message != null; message = readMessage()) {
            handler.handle(message);
        }
    }

    /**
     * Gives this connection to {@code listener}, for good: from now on an event loop reads, and calls it, beginning
     * with {@link Listener#onOpen} on its own thread. Waits for a write of another thread that is under way, unless it
     * is called on a loop's thread, by a listener: then the connection moves once that write has ended. The calling
     * thread may end, and nothing of it stays. What is left of a message that was being streamed is skipped. A
     * connection whose transport no loop can serve gets a virtual thread that reads and calls.
     *
     * <p>Afterwards reading here throws {@link IllegalStateException}; writing is for every thread as before, but
     * returns when the frames are queued, see {@link ConnectionOptions.Builder#maxQueuedBytes}. A thread of an event
     * loop never waits: there {@link #close(CloseCode, String)} sends its frame and returns, and a write for which
     * there is no room throws {@link QueueFullException}.
     *
     * @param listener who is told of everything, the end too
     * @throws IllegalStateException if another thread reads, or there is a listener
     */
    void listen(Listener listener);

    /** {@return how many bytes were written and wait for the transport; any thread may look} */
    long queuedBytes();

    /**
     * {@return how many messages that were {@linkplain Group#broadcast broadcast} to this connection it has missed,
     * since more than {@link ConnectionOptions#maxQueuedBytes()} waited for its peer}
     */
    long missedBroadcasts();

    /**
     * {@return all messages from here on as one stream of bytes, which ends when the peer closes cleanly} Kinds and
     * bounds of messages are not seen in it.
     *
     * @param terminator what to put behind every message, the last one too; may be empty
     */
    InputStream joinMessages(String terminator);

    /**
     * Sends a text message. Returns once the transport has all of it,
     * unless {@link ConnectionOptions#batchWrites()} holds it back.
     *
     * @param text what to say
     * @throws IllegalArgumentException if {@code text} has a lone surrogate; nothing was sent
     * @throws ConnectionClosedException if a Close frame was sent or received before this message began (§5.5.1)
     * @throws WriteTimeoutException if the peer did not take the message in time; see {@link #setWriteTimeout}
     */
    void writeText(String text) throws IOException;

    /**
     * Sends a text message whose bytes are there already, as what serialises JSON makes them: no string is made, and a
     * large one is not copied; see {@link #writeBinary(ByteBuffer)}.
     *
     * @param utf8 the text in UTF-8, all consumed; borrowed until this returns
     * @throws IllegalArgumentException if that is no UTF-8 text (§8.1); nothing was sent or consumed
     * @throws ConnectionClosedException if a Close frame was sent or received before this message began (§5.5.1)
     */
    void writeText(ByteBuffer utf8) throws IOException;

    /**
     * Sends a binary message as one frame, a large one without copying it. Returns once the transport has all of it,
     * unless {@link ConnectionOptions#batchWrites()} holds it back.
     *
     * <p>Where compression was agreed on and the message is to be compressed, this thread does that while other writers
     * of this connection wait. One of more than 60 KiB then goes out in fragments; on a connection with a
     * {@link Listener} one of more than 256 KiB is not compressed, since nothing must hold up a loop for long.
     *
     * @param payload the bytes, all consumed; borrowed until this returns
     * @throws ConnectionClosedException if a Close frame was sent or received before this message began (§5.5.1)
     */
    void writeBinary(ByteBuffer payload) throws IOException;

    /**
     * Sends a binary message; see {@link #writeBinary(ByteBuffer)}.
     *
     * @param payload the bytes; borrowed until this returns
     * @throws WebSocketException if the connection is closing or lost
     */
    void writeBinary(byte[] payload) throws IOException;

    /**
     * Sends a message of its own kind; see {@link #writeBinary(ByteBuffer)}.
     *
     * @param message what to send; its array is borrowed until this returns
     * @throws WebSocketException if the connection is closing or lost
     */
    void writeMessage(Message message) throws IOException;

    /**
     * Sends what a listener was shown, without a copy where that can be: an echo, or a relay to another connection.
     *
     * @param message a whole message, or a part, which is sent as a message of its own
     * @throws WebSocketException if the connection is closing or lost, or its queue is full
     * @throws IllegalStateException if the listener's call has returned
     */
    void writeMessage(MessageView message) throws IOException;

    /**
     * Begins a message that is written piece by piece. Blocks while another thread has a message open; a message that
     * this thread has open is ended first.
     *
     * <p>A writer that is closed completes its message, also by a {@code try} block that ends by an exception: {@link
     * #writeMessage(MessageType, MessageWriter.Content)} tells the two apart.
     *
     * @param type its kind
     * @return the message; other messages wait until it is closed
     * @throws ConnectionClosedException if a Close frame was sent or received before (§5.5.1)
     */
    MessageWriter nextWriter(MessageType type) throws IOException;

    /**
     * Sends a message that {@code content} writes piece by piece, in constant memory: completes it when {@code content}
     * returns, and {@linkplain MessageWriter#abandon() gives it up} when that throws, so that the peer never takes a
     * part for the whole.
     *
     * @param type its kind
     * @param content writes it, on this thread
     * @throws ConnectionClosedException if a Close frame was sent or received before (§5.5.1)
     * @throws IOException what {@code content} throws
     */
    void writeMessage(MessageType type, MessageWriter.Content content) throws IOException;

    /**
     * Sends a message that was encoded beforehand, compressed by the same rules as others, but only once for all
     * connections; see {@link #writeBinary(ByteBuffer)}.
     *
     * @param message what to send
     * @throws WebSocketException if the connection is closing or lost
     */
    void writePrepared(PreparedMessage message) throws IOException;

    /**
     * Sends what {@link ConnectionOptions#batchWrites()} holds back; returns once the transport has it.
     *
     * @throws WebSocketException if the connection is lost
     */
    void flush() throws IOException;

    /**
     * Switches {@link ConnectionOptions#batchWrites()} on or off for what is written from now on.
     *
     * @param on whether to hold frames back; if not, what is held back is sent now
     * @throws WebSocketException if the connection is lost
     */
    void setBatchWrites(boolean on) throws IOException;

    /**
     * Switches the compression of messages that are written from now on, a streamed one that has begun excepted. On
     * unless set, where {@linkplain #extensions() permessage-deflate was agreed on}; elsewhere this does nothing. What
     * the peer compresses is read in any case.
     *
     * @param on whether to compress those messages that the {@link dev.gibbon.PermessageDeflate} options say
     */
    void setWriteCompression(boolean on);

    /**
     * Sends a Ping (§5.5.2), between the fragments of a message if need be.
     *
     * @return completes with the time until the Pong was seen, which is late where
     *     nobody reads; fails with the connection
     * @throws ConnectionClosedException if a Close frame was sent or received before
     */
    CompletableFuture<Duration> ping() throws IOException;

    /**
     * Sends a Ping with a payload of the application's; its Pong goes to {@link ControlListener#onPong}.
     *
     * @param payload at most 125 bytes, all consumed
     * @throws IllegalArgumentException if it is longer; nothing was sent
     * @throws WebSocketException if the connection is closing or lost
     */
    void ping(ByteBuffer payload) throws IOException;

    /**
     * Sends a Pong that nobody asked for (§5.5.3).
     *
     * @param payload at most 125 bytes, all consumed
     * @throws IllegalArgumentException if it is longer; nothing was sent
     * @throws WebSocketException if the connection is closing or lost
     */
    void pong(ByteBuffer payload) throws IOException;

    /**
     * Has {@code listener} told of the peer's Pings, Pongs and Close frames, in place of the one before. On either
     * face; {@link ControlListener} says how it combines with a {@link Listener}.
     *
     * @param listener who is told; {@code new ControlListener() {}} for nobody. A frame that came before is not
     *     shown: the engine reads from the moment the connection is open, whether or not anybody else does.
     */
    void setControlListener(ControlListener listener);

    /**
     * Bounds the messages that begin from now on, in bytes; see {@link ConnectionOptions.Builder#maxMessageBytes}.
     *
     * @param bytes 1 or more
     */
    void setMaxMessageBytes(long bytes);

    /**
     * Bounds each write that begins from now on, a {@link #ping()} and a {@link #flush()} too: how long it may take in
     * all, its wait for other writers included. A message that is written piece by piece has so long for each fragment.
     * When the time is up the write throws {@link WriteTimeoutException}. If it was still waiting for its turn, nothing
     * of it was sent, and that is all; if it was not, a part may have left that nobody can take back, and the
     * connection is dropped.
     *
     * <p>Unbounded unless set, and from a century on; {@link ConnectionOptions#writeTimeout()}, which ends a connection
     * whose peer takes next to nothing, holds in any case. A write that only queues, see {@link #listen}, may wait for
     * room so long.
     *
     * @param atMost how long; positive
     */
    void setWriteTimeout(Duration atMost);

    /**
     * Closes with {@link CloseCode#NORMAL}; see {@link #close(CloseCode, String)}.
     *
     * <p>Called by the thread of the {@link ExchangeHandler} that has upgraded an open connection, this may be the work
     * of a try-with-resources block that an exception is leaving. So the closing handshake is put off until the handler
     * has ended: then the peer gets 1000, or 1011 if the handler ended by an exception. It comes earlier if the handler
     * goes on using this connection, and after a second at the latest. {@code close(CloseCode.NORMAL, "")} puts nothing
     * off.
     */
    @Override
    void close();

    /**
     * Does the closing handshake (§7.1.2): sends what is held back and a Close frame, reads on until the peer's,
     * throwing data away, and ends the transport. Blocks until all of that is done, at most for
     * {@link ConnectionOptions#closeTimeout()}; then the transport is dropped. If the connection is closing already
     * this waits for its end, and if it is closed it does nothing. Called by a handler on the reading thread it sends
     * the Close frame and returns. Interrupting the thread drops the transport.
     *
     * @param code a code that {@linkplain CloseCode#maySend() may be sent},
     *     or {@link CloseCode#NO_STATUS_RECEIVED} for none
     * @param reason at most 123 bytes of UTF-8
     * @throws IllegalArgumentException if code or reason must not be sent; nothing was sent
     */
    void close(CloseCode code, String reason);

    /**
     * Drops the transport at once, without a closing handshake. Never blocks. What the peer has not received by then is
     * thrown away: a TCP connection is reset, so that the system keeps no buffer for a peer that does not read.
     */
    void abort();
}
