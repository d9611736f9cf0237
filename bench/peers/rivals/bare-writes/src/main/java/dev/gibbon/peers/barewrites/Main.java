// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.peers.barewrites;

import dev.gibbon.peers.common.Settings;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The least that a broadcast costs on a selector loop of the JDK:
 * the encoded frame is written to one channel after the other.
 *
 * <p>Not a WebSocket server beyond what that takes: every path is {@code /broadcast}, messages are unfragmented and
 * short, all else but Close is ignored, and there is one loop whatever the settings say.
 */
public final class Main {
    private static final int RECEIVE_BYTES = 256 * 1024;
    private static final int FIN_AND_TEXT = 0x81;
    private static final int FIN_AND_BINARY = 0x82;
    private static final int CLOSE = 0x8;
    private static final String GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"; // RFC 6455 §1.3
    private static final Pattern KEY = Pattern.compile("(?i)\r\nSec-WebSocket-Key:[ \t]*(\\S+)");

    private final Selector selector = Selector.open();
    private final ByteBuffer receive = ByteBuffer.allocateDirect(RECEIVE_BYTES);
    private final List<Member> members = new ArrayList<>();

    private Main() throws IOException {}

    public static void main(String[] args) throws Exception {
        Settings settings = Settings.of(args);
        if (settings.tls().isPresent() || settings.deflate()) {
            throw new IllegalArgumentException("neither TLS nor permessage-deflate");
        }
        new Main().serve(settings.port());
    }

    private void serve(int port) throws IOException {
        ServerSocketChannel listener = ServerSocketChannel.open();
        listener.setOption(StandardSocketOptions.SO_REUSEADDR, true);
        listener.bind(new InetSocketAddress("0.0.0.0", port), Settings.BACKLOG);
        listener.configureBlocking(false);
        listener.register(selector, SelectionKey.OP_ACCEPT);
        Settings.ready();
        while (true) {
            selector.select(key -> {
                if (key.attachment() instanceof Member member) {
                    member.serve(key);
                } else {
                    accept(listener);
                }
            });
        }
    }

    private void accept(ServerSocketChannel listener) {
        try {
            for (SocketChannel channel; (channel = listener.accept()) != null; ) {
                channel.configureBlocking(false);
                channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
                Member member = new Member(channel);
                member.key = channel.register(selector, SelectionKey.OP_READ, member);
            }
        } catch (IOException e) {
            throw new IllegalStateException("cannot accept", e);
        }
    }

    private void broadcast(ByteBuffer frame) {
        for (int i = members.size() - 1; i >= 0; i--) { // One that fails leaves the list, and the last takes its place.
            members.get(i).write(frame.duplicate());
        }
    }

    private final class Member {
        private final SocketChannel channel;
        private SelectionKey key;
        private int index = -1;

        /** What came and is no whole head or frame yet; empty most of the time. */
        private byte[] rest = {};

        /** What the socket did not take. */
        private final ArrayDeque<ByteBuffer> unsent = new ArrayDeque<>(0);

        Member(SocketChannel channel) {
            this.channel = channel;
        }

        void serve(SelectionKey key) {
            try {
                if (key.isWritable()) {
                    writeUnsent();
                }
                if (key.isReadable()) {
                    read();
                }
            } catch (IOException e) {
                end();
            }
        }

        private void read() throws IOException {
            receive.clear().put(rest);
            if (!receive.hasRemaining() || channel.read(receive) < 0) { // Nothing as long as that is for this server.
                end();
                return;
            }
            receive.flip();
            if (index < 0 && !shakeHands()) {
                keepRest();
                return;
            }
            while (channel.isOpen() && readFrame()) {}
            keepRest();
        }

        private void keepRest() {
            if (rest.length != receive.remaining()) {
                rest = new byte[receive.remaining()];
            }
            receive.get(rest);
        }

        /** {@return whether there was a whole request; it is answered then} */
        private boolean shakeHands() throws IOException {
            String head =
                    StandardCharsets.ISO_8859_1.decode(receive.duplicate()).toString();
            int end = head.indexOf("\r\n\r\n");
            Matcher matcher = KEY.matcher(head);
            if (end < 0) {
                return false;
            }
            if (!matcher.find()) {
                throw new IOException("no WebSocket client");
            }
            receive.position(receive.position() + end + 4);
            String answer = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                    + "Sec-WebSocket-Accept: " + accept(matcher.group(1)) + "\r\n\r\n";
            write(ByteBuffer.wrap(answer.getBytes(StandardCharsets.ISO_8859_1)));
            index = members.size();
            members.add(this);
            return true;
        }

        /** {@return whether there was a whole frame; it is dealt with then} */
        private boolean readFrame() {
            int start = receive.position();
            if (receive.remaining() < 6) {
                return false;
            }
            int first = receive.get() & 0xFF;
            int length = receive.get() & 0x7F;
            if (length == 126) {
                length = receive.getShort() & 0xFFFF;
            } else if (length == 127) {
                length = receive.remaining() < 8 ? RECEIVE_BYTES : (int) Math.min(receive.getLong(), RECEIVE_BYTES);
            }
            if (receive.remaining() < 4 || receive.remaining() - 4 < length) {
                receive.position(start);
                return false;
            }
            int maskingKey = receive.getInt();
            if (first == FIN_AND_TEXT || first == FIN_AND_BINARY) {
                broadcast(encoded(first, maskingKey, length));
            } else {
                receive.position(receive.position() + length);
                if ((first & 0xF) == CLOSE) {
                    write(ByteBuffer.wrap(new byte[] {(byte) (0x80 | CLOSE), 0}));
                    end();
                }
            }
            return true;
        }

        /** {@return the unmasked frame for everybody, of a payload that is next in the buffer} */
        private ByteBuffer encoded(int first, int maskingKey, int length) {
            ByteBuffer frame = ByteBuffer.allocateDirect(10 + length).put((byte) first);
            if (length < 126) {
                frame.put((byte) length);
            } else if (length <= 0xFFFF) {
                frame.put((byte) 126).putShort((short) length);
            } else {
                frame.put((byte) 127).putLong(length);
            }
            for (int i = 0; i < length; i++) {
                frame.put((byte) (receive.get() ^ maskingKey >>> 24 - 8 * (i & 3)));
            }
            return frame.flip();
        }

        void write(ByteBuffer bytes) {
            try {
                if (unsent.isEmpty()) {
                    channel.write(bytes);
                }
                if (bytes.hasRemaining()) {
                    unsent.add(bytes);
                    key.interestOps(SelectionKey.OP_READ | SelectionKey.OP_WRITE);
                }
            } catch (IOException e) {
                end();
            }
        }

        private void writeUnsent() throws IOException {
            for (ByteBuffer next; (next = unsent.peek()) != null; unsent.remove()) {
                channel.write(next);
                if (next.hasRemaining()) {
                    return;
                }
            }
            key.interestOps(SelectionKey.OP_READ);
        }

        private void end() {
            try {
                channel.close();
            } catch (IOException e) {
                // It is gone either way.
            }
            if (index >= 0 && index < members.size() && members.get(index) == this) {
                Member last = members.removeLast();
                if (last != this) {
                    members.set(index, last);
                    last.index = index;
                }
            }
        }
    }

    private static String accept(String key) {
        try {
            byte[] digest =
                    MessageDigest.getInstance("SHA-1").digest((key + GUID).getBytes(StandardCharsets.ISO_8859_1));
            return Base64.getEncoder().encodeToString(digest);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
