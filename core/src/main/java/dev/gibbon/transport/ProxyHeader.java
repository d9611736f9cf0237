// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.transport;

import dev.gibbon.support.IpAddress;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What a balancer says about a client before the client's own bytes: the PROXY protocol of HAProxy, versions 1 (text)
 * and 2 (binary). It is fed the bytes as they come, and never asks for one that is the client's. It holds no more than
 * one line, whatever lengths it is told.
 *
 * <pre>
 * v1   PROXY TCP4|TCP6 SOURCE DESTINATION PORT PORT CR LF, or PROXY UNKNOWN ... CR LF; 107 bytes at most
 * v2   signature (12), version 2 and command (4 + 4 bits), family and protocol (4 + 4 bits), length (16 bits),
 *      then so many bytes: addresses and ports, and whatever else the balancer tells
 * </pre>
 */
public final class ProxyHeader {
    private static final byte[] TEXT = "PROXY ".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] SIGNATURE = {0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A};
    private static final int MAX_LINE_BYTES = 107;
    private static final int SHORTEST_LINE_BYTES = "PROXY UNKNOWN\r\n".length();

    private static final int HEAD_BYTES = SIGNATURE.length + 2 + 2;
    private static final int VERSION = 0x20;
    private static final int LOCAL = 0x0;
    private static final int PROXY = 0x1;
    private static final int UNKNOWN = 0x00;
    private static final int TCP_V4 = 0x11;
    private static final int TCP_V6 = 0x21;
    private static final int UNIX_STREAM = 0x31;
    private static final int V4_BYTES = 2 * 4 + 2 * 2;
    private static final int V6_BYTES = 2 * 16 + 2 * 2;
    private static final int UNIX_BYTES = 2 * 108;

    private static final int MAX_PORT = 65_535;

    /** What the next bytes are. */
    private enum State {
        START,
        LINE,
        HEAD,
        ADDRESSES,
        /** What stands behind the addresses, or for addresses that are of no use. */
        REST,
        DONE
    }

    private State state = State.START;
    private final byte[] bytes = new byte[MAX_LINE_BYTES];
    private int count;

    /** How many bytes of the present part there are to be in all; of the rest, how many are to come. */
    private int wanted = SIGNATURE.length;

    /** How many bytes stand behind the addresses. */
    private int rest;

    private @Nullable InetSocketAddress source;

    /** {@return whether it is all there} */
    public boolean isDone() {
        return state == State.DONE;
    }

    /** {@return how many bytes it is sure to have still, and can take now; 0 once it is done} */
    public int wanted() {
        return state == State.REST ? Math.min(wanted, bytes.length) : wanted - count;
    }

    /** {@return whom the connection is from, once it is done; empty if the balancer does not say} */
    public Optional<InetSocketAddress> source() {
        return Optional.ofNullable(source);
    }

    /**
     * Takes all bytes of {@code in}, at most as many as are wanted.
     *
     * @throws ProxyHeaderException if there is no such header
     */
    public void accept(ByteBuffer in) throws ProxyHeaderException {
        int more = in.remaining();
        if (more > wanted()) {
            throw new IllegalArgumentException(more + " bytes are more than the " + wanted() + " of the header");
        }
        if (state == State.REST) {
            in.position(in.limit());
            wanted -= more;
            count = 0;
            state = wanted == 0 ? State.DONE : State.REST;
            return;
        }
        in.get(bytes, count, more);
        count += more;
        if (state == State.START) {
            requireBeginning();
        }
        if (count == wanted) {
            next();
        }
    }

    private void next() throws ProxyHeaderException {
        switch (state) {
            case START -> {
                boolean text = bytes[0] == TEXT[0];
                state = text ? State.LINE : State.HEAD;
                wanted = text ? SHORTEST_LINE_BYTES : HEAD_BYTES;
            }
            case LINE -> takeLine();
            case HEAD -> takeHead();
            case ADDRESSES -> takeAddresses();
            case REST, DONE -> {}
        }
    }

    /** Finds as early as can be that something else was sent: a request of HTTP, or TLS. */
    private void requireBeginning() throws ProxyHeaderException {
        byte[] beginning = bytes[0] == TEXT[0] ? TEXT : SIGNATURE;
        int compared = Math.min(count, beginning.length);
        if (!Arrays.equals(bytes, 0, compared, beginning, 0, compared)) {
            throw new ProxyHeaderException("the connection begins with something else");
        }
    }

    // ---- Version 1

    private void takeLine() throws ProxyHeaderException {
        int cr = indexOf('\r');
        int lf = indexOf('\n');
        if (cr == count - 2 && lf == count - 1) {
            readLine(new String(bytes, TEXT.length, cr - TEXT.length, StandardCharsets.ISO_8859_1));
            finish();
            return;
        }
        boolean mayEnd = lf < 0 && (cr < 0 || cr == count - 1);
        wanted = count + (cr < 0 ? 2 : 1); // No more than there must be: the next byte is the client's.
        if (!mayEnd || wanted > MAX_LINE_BYTES) {
            throw new ProxyHeaderException("no line of at most " + MAX_LINE_BYTES + " bytes ends with CR LF");
        }
    }

    private int indexOf(char c) {
        for (int i = 0; i < count; i++) {
            if (bytes[i] == c) {
                return i;
            }
        }
        return -1;
    }

    private void readLine(String line) throws ProxyHeaderException {
        String[] words = line.split(" ", -1);
        if (words[0].equals("UNKNOWN")) {
            return; // Whatever stands behind it is to be ignored.
        }
        boolean v4 = words[0].equals("TCP4");
        if (words.length != 5 || !(v4 || words[0].equals("TCP6"))) {
            throw new ProxyHeaderException("the line is not TCP4 or TCP6 with two addresses and two ports");
        }
        InetAddress from = address(words[1], v4);
        InetAddress _ = address(words[2], v4);
        int port = port(words[3]);
        int _ = port(words[4]);
        source = new InetSocketAddress(from, port);
    }

    private static InetAddress address(String word, boolean v4) throws ProxyHeaderException {
        Optional<InetAddress> address = IpAddress.parse(word);
        if (address.isEmpty() || v4 == (word.indexOf(':') >= 0)) {
            throw new ProxyHeaderException("a word is no IPv" + (v4 ? "4" : "6") + " address");
        }
        return address.get();
    }

    private static int port(String word) throws ProxyHeaderException {
        int port = IpAddress.decimal(word, 0, word.length(), MAX_PORT);
        if (port < 0) {
            throw new ProxyHeaderException("a word is no port");
        }
        return port;
    }

    // ---- Version 2

    private void takeHead() throws ProxyHeaderException {
        int versionAndCommand = bytes[SIGNATURE.length];
        int command = versionAndCommand & 0x0F;
        if ((versionAndCommand & 0xF0) != VERSION || command > PROXY) {
            throw new ProxyHeaderException("version or command of the header are unknown");
        }
        int length = ByteBuffer.wrap(bytes).getChar(HEAD_BYTES - 2);
        int known = command == LOCAL ? 0 : addressBytes(bytes[SIGNATURE.length + 1]);
        if (length < known) {
            throw new ProxyHeaderException("length " + length + " is too short for addresses of " + known + " bytes");
        }
        boolean useful = known == V4_BYTES || known == V6_BYTES;
        count = 0;
        rest = useful ? length - known : length;
        wanted = known;
        state = State.ADDRESSES;
        if (!useful) {
            begin(rest);
        }
    }

    private static int addressBytes(int familyAndProtocol) throws ProxyHeaderException {
        return switch (familyAndProtocol) {
            case UNKNOWN -> 0;
            case TCP_V4 -> V4_BYTES;
            case TCP_V6 -> V6_BYTES;
            case UNIX_STREAM -> UNIX_BYTES;
            default -> throw new ProxyHeaderException("family and protocol of the header are no stream's");
        };
    }

    private void takeAddresses() {
        int size = (count - 2 * 2) / 2;
        int port = ByteBuffer.wrap(bytes).getChar(2 * size);
        source = new InetSocketAddress(IpAddress.of(Arrays.copyOf(bytes, size)), port);
        begin(rest);
    }

    /** Nothing more is looked at. */
    private void begin(int toSkip) {
        count = 0;
        wanted = toSkip;
        state = State.REST;
        if (toSkip == 0) {
            finish();
        }
    }

    private void finish() {
        state = State.DONE;
        count = 0;
        wanted = 0;
    }
}
