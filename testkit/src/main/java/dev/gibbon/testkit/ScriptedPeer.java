// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.testkit;

import dev.gibbon.Role;
import dev.gibbon.spi.Transport;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.IntSupplier;
import java.util.stream.Collectors;
import javax.net.ssl.SSLContext;

/**
 * The other side of a connection under test: it sends whatever frames and bytes a test asks for, legal or not, and is
 * strict about what it receives. Everything that arrives is judged by a decoder of its own: an illegal frame, a frame
 * out of order, bad UTF-8 or a close code that must not be sent fail the test even where it did not look for them.
 *
 * <p>Sends and expectations are bounded by a deadline of the system's time, a minute unless set, so a test that fails
 * does not hang. An expectation that is not met throws an {@link AssertionError} that shows what came instead. One
 * thread may send while another expects.
 */
public final class ScriptedPeer implements AutoCloseable {
    private static final int READ_BYTES = 16 * 1024;
    private static final int MAX_HEAD_BYTES = 64 * 1024;
    private static final int MAX_STORY_LINES = 20;
    private static final Duration QUIET = Duration.ofMillis(100);

    private final Transport transport;
    private final Role role;
    private final FrameDecoder decoder;
    private final MessageRules rules = new MessageRules();
    private Duration deadline = Waits.DEFAULT_DEADLINE;

    // Sending thread only.
    private IntSupplier maskingKeys = new SplittableRandom(0)::nextInt;

    // Expecting thread only.
    private boolean rsv1Allowed;
    private byte[] inbox = new byte[READ_BYTES];
    private int from;
    private int to;
    private final ArrayDeque<String> story = new ArrayDeque<>();
    private Optional<HttpHead> response = Optional.empty();

    private ScriptedPeer(Transport transport, Role role) {
        this.transport = Objects.requireNonNull(transport, "transport");
        this.role = Objects.requireNonNull(role, "role");
        this.decoder = new FrameDecoder(role.peer());
    }

    /**
     * Plays a peer whose opening handshake is over, or not wanted.
     *
     * @param transport what it speaks over; it belongs to the peer from here on
     * @param role the role it plays: a client masks what it sends
     * @return the peer
     */
    public static ScriptedPeer over(Transport transport, Role role) {
        return new ScriptedPeer(transport, role);
    }

    /**
     * Connects to a server by TCP, sends a valid upgrade request for {@code /} and waits for the response.
     *
     * @param host the host
     * @param port the port
     * @return the peer, a client; {@link #response()} and {@link #expectUpgraded()} tell what the server said
     * @throws IOException if the server cannot be reached or the transport breaks
     */
    public static ScriptedPeer overHttp(String host, int port) throws IOException {
        return overHttp(host, port, HttpHead.upgradeRequest(host + ":" + port, "/"));
    }

    /**
     * Connects to a server by TCP, sends the given bytes and waits for the head of a response.
     *
     * @param host the host
     * @param port the port
     * @param rawRequest what to send, one byte for each char, see {@link HttpHead#upgradeRequest}
     * @return the peer, a client
     * @throws IOException if the server cannot be reached or the transport breaks
     */
    public static ScriptedPeer overHttp(String host, int port, String rawRequest) throws IOException {
        return overHttp(SocketTransport.connect(host, port, Waits.DEFAULT_DEADLINE), rawRequest);
    }

    /**
     * The same with TLS.
     *
     * @param host the host, whose name or address the certificate is not checked for
     * @param port the port
     * @param tls trusts the server
     * @param rawRequest what to send, one byte for each char, see {@link HttpHead#upgradeRequest}
     * @return the peer, a client
     * @throws IOException if the server cannot be reached or not be trusted, or the transport breaks
     */
    public static ScriptedPeer overHttp(String host, int port, SSLContext tls, String rawRequest) throws IOException {
        return overHttp(SocketTransport.connect(host, port, Waits.DEFAULT_DEADLINE, tls), rawRequest);
    }

    /**
     * Sends the given bytes over any transport, such as one with TLS, and waits for the head of a response.
     *
     * @param transport what the peer speaks over; it belongs to the peer from here on, and is closed if this fails
     * @param rawRequest what to send, one byte for each char, see {@link HttpHead#upgradeRequest}
     * @return the peer, a client
     * @throws IOException if the server cannot be reached or the transport breaks
     */
    public static ScriptedPeer overHttp(Transport transport, String rawRequest) throws IOException {
        ScriptedPeer peer = over(transport, Role.CLIENT);
        try {
            peer.sendRaw(rawRequest.getBytes(StandardCharsets.ISO_8859_1));
            peer.response = Optional.of(peer.expectHead());
            return peer;
        } catch (IOException | AssertionError e) {
            transport.close();
            throw e;
        }
    }

    /**
     * Sets how long sends and expectations may take.
     *
     * @param limit positive; a minute unless set
     * @return this peer
     */
    public ScriptedPeer deadline(Duration limit) {
        this.deadline = Waits.positive(limit, "deadline");
        return this;
    }

    /**
     * Sets where masking keys come from.
     *
     * @param keys asked once for each frame that needs one; random ones from a fixed seed unless set
     * @return this peer
     */
    public ScriptedPeer maskingKeys(IntSupplier keys) {
        this.maskingKeys = Objects.requireNonNull(keys, "keys");
        return this;
    }

    /**
     * Lets RSV1 stand on the first frame of a message, as when permessage-deflate was negotiated (RFC 7692 §6).
     *
     * @return this peer
     */
    public ScriptedPeer allowRsv1() {
        this.rsv1Allowed = true;
        return this;
    }

    // Sending.

    /**
     * Sends frames in one write, with the mask that the role asks for: a client's frame that has no masking key gets
     * one. A key that is given is used, in either role.
     *
     * @param frames the frames
     * @throws IOException if the transport breaks
     */
    public void send(Frame... frames) throws IOException {
        send(List.of(frames));
    }

    /**
     * Sends frames in one write, like {@link #send(Frame...)}.
     *
     * @param frames the frames
     * @throws IOException if the transport breaks
     */
    public void send(List<Frame> frames) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        for (Frame frame : frames) {
            boolean addKey = role == Role.CLIENT && !frame.masked();
            bytes.writeBytes((addKey ? frame.withMaskingKey(maskingKeys.getAsInt()) : frame).encode());
        }
        sendRaw(bytes.toByteArray());
    }

    /**
     * Sends frames in one write, masked or not as they are: a client's frame without a key goes out without, which is
     * illegal.
     *
     * @param frames the frames
     * @throws IOException if the transport breaks
     */
    public void sendAsIs(Frame... frames) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        for (Frame frame : frames) {
            bytes.writeBytes(frame.encode());
        }
        sendRaw(bytes.toByteArray());
    }

    /**
     * Sends a text message in one frame.
     *
     * @param text the message
     * @throws IOException if the transport breaks
     */
    public void sendText(String text) throws IOException {
        send(Frame.text(text));
    }

    /**
     * Sends a binary message in one frame.
     *
     * @param payload the message
     * @throws IOException if the transport breaks
     */
    public void sendBinary(byte[] payload) throws IOException {
        send(Frame.binary(payload));
    }

    /**
     * Sends a Ping.
     *
     * @param payload what the Pong must bring back
     * @throws IOException if the transport breaks
     */
    public void sendPing(byte[] payload) throws IOException {
        send(Frame.ping(payload));
    }

    /**
     * Sends a Pong.
     *
     * @param payload that of the Ping
     * @throws IOException if the transport breaks
     */
    public void sendPong(byte[] payload) throws IOException {
        send(Frame.pong(payload));
    }

    /**
     * Sends a Close frame without a body.
     *
     * @throws IOException if the transport breaks
     */
    public void sendClose() throws IOException {
        send(Frame.close());
    }

    /**
     * Sends a Close frame.
     *
     * @param code the close code, legal or not
     * @param reason the close reason
     * @throws IOException if the transport breaks
     */
    public void sendClose(int code, String reason) throws IOException {
        send(Frame.close(code, reason));
    }

    /**
     * Sends bytes as they are.
     *
     * @param hex the bytes in hexadecimal digits; blanks do not count
     * @throws IOException if the transport breaks
     */
    public void sendRaw(String hex) throws IOException {
        sendRaw(HexFormat.of().parseHex(hex.replaceAll("\\s", "")));
    }

    /**
     * Sends bytes as they are and returns once the transport has taken them all.
     *
     * @param bytes the bytes, in one write unless the transport takes only a part
     * @throws IOException if the transport breaks
     * @throws AssertionError if the other side does not read for so long that the deadline passes; the transport is
     * then closed
     */
    public void sendRaw(byte[] bytes) throws IOException {
        ByteBuffer[] srcs = {ByteBuffer.wrap(bytes.clone())};
        // Nothing bounds a blocking write but closing the transport,
        // so it happens on a thread that this one watches.
        FutureTask<Long> writing = new FutureTask<>(() -> {
            long written = 0;
            while (srcs[0].hasRemaining()) {
                written += transport.write(srcs, 0, 1);
            }
            return written;
        });
        Thread _ = Thread.startVirtualThread(writing);
        try {
            long _ = writing.get(Expiry.nanos(deadline), TimeUnit.NANOSECONDS);
        } catch (TimeoutException e) {
            transport.close();
            throw new AssertionError("the other side did not read what was sent within " + deadline, e);
        } catch (InterruptedException e) {
            transport.close();
            Thread.currentThread().interrupt();
            throw (IOException) new InterruptedIOException("interrupted while sending").initCause(e);
        } catch (ExecutionException e) {
            throw new IOException("cannot send: " + e.getCause(), e.getCause());
        }
    }

    /**
     * Tells the other side that no more bytes will come; expecting goes on.
     *
     * @throws IOException if the transport breaks
     */
    public void shutdownOutput() throws IOException {
        transport.shutdownOutput();
    }

    /**
     * Breaks the connection with a reset.
     *
     * @throws IOException if the transport breaks
     * @throws UnsupportedOperationException if the transport is neither in memory nor a socket that this peer opened
     */
    public void reset() throws IOException {
        switch (transport) {
            case MemoryTransport memory -> memory.reset();
            case SocketTransport socket -> socket.reset();
            default -> throw new UnsupportedOperationException("this transport cannot be reset: " + transport);
        }
    }

    // Expecting.

    /**
     * Waits for the head of an HTTP request or response. Bytes behind it are kept for what is expected next.
     *
     * @return the head
     */
    public HttpHead expectHead() {
        Expiry expiry = Expiry.after(deadline);
        for (int searched = 0; ; ) {
            String received = new String(inbox, from, to - from, StandardCharsets.ISO_8859_1);
            int end = received.indexOf("\r\n\r\n", Math.max(0, searched - 3));
            if (end >= 0) {
                from += end + 4;
                HttpHead head = HttpHead.parse(received.substring(0, end + 4));
                tell(head.startLine());
                return head;
            }
            if (received.length() > MAX_HEAD_BYTES) {
                throw failure("an HTTP head of at most " + MAX_HEAD_BYTES + " bytes", "more");
            }
            searched = received.length();
            fill(expiry, "an HTTP head");
        }
    }

    /** {@return the response that {@link #overHttp} got} */
    public HttpHead response() {
        return response.orElseThrow(() -> new IllegalStateException("this peer was not made by overHttp"));
    }

    /**
     * Checks that the response accepted the upgrade request (§4.1), with the accept key for {@link
     * HttpHead#SAMPLE_KEY}.
     *
     * @return this peer
     */
    public ScriptedPeer expectUpgraded() {
        HttpHead head = response();
        boolean accepted = head.status() == 101
                && head.header("Upgrade").filter("websocket"::equalsIgnoreCase).isPresent()
                && head.header("Connection")
                        .filter(tokens -> tokens.toLowerCase(Locale.ROOT).contains("upgrade"))
                        .isPresent()
                && head.header("Sec-WebSocket-Accept")
                        .filter(HttpHead.acceptKey(HttpHead.SAMPLE_KEY)::equals)
                        .isPresent();
        if (!accepted) {
            throw new AssertionError("expected: a response that accepts the upgrade (§4.1)\nbut came: " + head);
        }
        return this;
    }

    /**
     * Waits for bytes as they are, such as the body of a response.
     *
     * @param count how many
     * @return the bytes
     */
    public byte[] expectBytes(int count) {
        Expiry expiry = Expiry.after(deadline);
        while (to - from < count) {
            fill(expiry, count + " bytes");
        }
        from += count;
        return Arrays.copyOfRange(inbox, from - count, from);
    }

    /**
     * Waits for the next frame, whatever it is, and judges it.
     *
     * @return the frame
     */
    public Frame expectFrame() {
        return next("a frame");
    }

    /**
     * Waits for the next frame and compares everything but its mask, which the judge checks.
     *
     * @param expected the frame
     */
    public void expectFrame(Frame expected) {
        Frame actual = next(expected.toString());
        if (!actual.unmasked().equals(expected.unmasked())) {
            throw failure(expected.toString(), actual.toString());
        }
    }

    /**
     * Waits for a text message in one frame.
     *
     * @param text the message
     */
    public void expectText(String text) {
        expectFrame(Frame.text(text));
    }

    /**
     * Waits for a binary message in one frame.
     *
     * @param payload the message
     */
    public void expectBinary(byte[] payload) {
        expectFrame(Frame.binary(payload));
    }

    /**
     * Waits for a Ping.
     *
     * @return its payload
     */
    public byte[] expectPing() {
        Frame actual = next("a ping");
        if (actual.opcode() != Frame.PING) {
            throw failure("a ping", actual.toString());
        }
        return actual.payload();
    }

    /**
     * Waits for a Pong.
     *
     * @param payload that of the Ping
     */
    public void expectPong(byte[] payload) {
        expectFrame(Frame.pong(payload));
    }

    /**
     * Waits for a Close frame with the given code and whatever reason.
     *
     * @param code the close code
     * @return the close reason
     */
    public String expectClose(int code) {
        String wanted = "close " + code;
        Frame actual = next(wanted);
        if (actual.opcode() != Frame.CLOSE || actual.closeCode().orElse(-1) != code) {
            throw failure(wanted, actual.toString());
        }
        return actual.closeReason();
    }

    /**
     * Waits for a Close frame.
     *
     * @param code the close code
     * @param reason the close reason
     */
    public void expectClose(int code, String reason) {
        expectFrame(Frame.close(code, reason));
    }

    /** Waits for a Close frame without a body. */
    public void expectCloseWithoutCode() {
        expectFrame(Frame.close());
    }

    /** Waits for the end of the stream, with no byte before it. A reset is no such end. */
    public void expectEnd() {
        expectNoByte("the end of the stream", Expiry.after(deadline), false);
    }

    /**
     * Waits for the end of the stream or a reset, with no byte before it: a host that closes a socket with unread bytes
     * in it sends a reset (RFC 1122 §4.2.2.13), so a test that goes on sending can see either.
     */
    public void expectEndOrReset() {
        try {
            if (from == to && read(Expiry.after(deadline)) < 0) {
                return;
            }
        } catch (IOException e) {
            tell(e.toString());
            return;
        }
        throw failure(
                "the end of the stream", from == to ? "nothing within " + deadline : "bytes " + Show.bytes(rest()));
    }

    /**
     * Checks that no byte has come that was not expected. In memory that is a look at what the other side wrote so far;
     * elsewhere it waits 100 ms for one. The end of the stream does not matter. To be certain that the other side was
     * about to send nothing, first have it answer a Ping, or close.
     */
    public void expectNothingMore() {
        if (transport instanceof MemoryTransport memory && memory.available() == 0 && from == to) {
            return;
        }
        expectNoByte("nothing more", Expiry.after(QUIET), true);
    }

    private void expectNoByte(String wanted, Expiry expiry, boolean silenceIsFine) {
        int count;
        try {
            count = from == to ? read(expiry) : to - from;
        } catch (IOException e) {
            throw failure(wanted, e);
        }
        if (count > 0) {
            throw failure(wanted, "bytes " + Show.bytes(rest()));
        }
        if (count == 0 && !silenceIsFine) {
            throw failure(wanted, "nothing within " + deadline);
        }
    }

    private Frame next(String wanted) {
        Expiry expiry = Expiry.after(deadline);
        while (true) {
            ByteBuffer view = ByteBuffer.wrap(inbox, from, to - from);
            try {
                Optional<Frame> decoded = decoder.decode(view, rsv1Allowed);
                if (decoded.isPresent()) {
                    from = view.position();
                    tell(decoded.get().toString());
                    rules.judge(decoded.get());
                    return decoded.get();
                }
            } catch (AssertionError e) {
                throw new AssertionError(
                        e.getMessage() + "\nexpected: " + wanted + "\nat bytes: " + Show.bytes(rest()) + story(), e);
            }
            fill(expiry, wanted);
        }
    }

    /** Reads more bytes into the inbox, at least one. */
    private void fill(Expiry expiry, String wanted) {
        int count;
        try {
            count = read(expiry);
        } catch (IOException e) {
            throw failure(wanted, e);
        }
        String unread = from == to ? "" : " after bytes " + Show.bytes(rest());
        if (count < 0) {
            throw failure(wanted, "the end of the stream" + unread);
        }
        if (count == 0) {
            throw failure(wanted, "nothing within " + deadline + unread);
        }
    }

    private int read(Expiry expiry) throws IOException {
        if (from > 0) {
            System.arraycopy(inbox, from, inbox, 0, to - from);
            to -= from;
            from = 0;
        }
        if (to == inbox.length) {
            inbox = Arrays.copyOf(inbox, 2 * inbox.length);
        }
        long nanos = expiry.nanosLeft();
        if (nanos <= 0) {
            return 0;
        }
        ByteBuffer dst = ByteBuffer.wrap(inbox, to, inbox.length - to);
        Duration timeout = Duration.ofNanos(nanos);
        int count = transport instanceof MemoryTransport memory
                ? memory.readInRealTime(dst, timeout)
                : transport.read(dst, timeout);
        to += Math.max(0, count);
        return count;
    }

    private byte[] rest() {
        return Arrays.copyOfRange(inbox, from, to);
    }

    private void tell(String happening) {
        if (story.size() == MAX_STORY_LINES) {
            story.removeFirst();
        }
        story.addLast(happening);
    }

    private String story() {
        String received = story.stream().map(line -> "\n  " + line).collect(Collectors.joining());
        return "\nreceived so far:" + (received.isEmpty() ? " nothing" : received);
    }

    private AssertionError failure(String wanted, String actual) {
        return new AssertionError("expected: " + wanted + "\nbut came: " + actual + story());
    }

    private AssertionError failure(String wanted, IOException broken) {
        return new AssertionError("expected: " + wanted + "\nbut came: " + broken + story(), broken);
    }

    /** Closes the transport, without a closing handshake. */
    @Override
    public void close() throws IOException {
        transport.close();
    }
}
