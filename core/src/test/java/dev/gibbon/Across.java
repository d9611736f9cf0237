// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import dev.gibbon.connection.Carrier;
import dev.gibbon.loop.Carriers;
import dev.gibbon.loop.LoopEngine;
import dev.gibbon.spi.Transport;
import dev.gibbon.support.BufferPool;
import dev.gibbon.testkit.TransportPair;
import dev.gibbon.transport.ChannelTransport;
import dev.gibbon.transport.TlsEngines;
import dev.gibbon.transport.TlsTransport;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Stream;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;

/**
 * What a connection must not be told apart by: its role, what carries it and drives it, and whether permessage-deflate
 * was agreed on.
 */
record Across(Role role, Carriage carriage, boolean compressed) {
    /** What a socket is to hold, about: a write is to be stuck soon. */
    private static final int BUFFER_BYTES = 16 * 1024;

    /** What carries a connection. */
    enum Carriage {
        /** A channel that a loop selects. */
        LOOP,
        /** TLS over a channel that a loop selects. */
        TLS,
        /** A socket behind a transport that can only block. */
        PUMP,
        /** A stream whose host tells of its events. */
        HOST,
        /** The same, where the connection runs on the host's own event thread. */
        HOSTED,
        /** A transport in memory, which can only block, too. */
        MEMORY
    }

    /** The end under test as an engine carries it, and the peer's, which blocks. */
    record Ends(Function<LoopEngine, Carrier> near, Transport far) {}

    static Stream<Across> all() {
        List<Across> all = new ArrayList<>();
        for (Carriage carriage : Carriage.values()) {
            for (Role role : Role.values()) {
                all.add(new Across(role, carriage, false));
                all.add(new Across(role, carriage, true));
            }
        }
        return all.stream();
    }

    /** {@return the same without those that compress, for what has nothing to do with payloads} */
    static Stream<Across> plain() {
        return all().filter(across -> !across.compressed());
    }

    Ends open(SSLContext context) throws Exception {
        return switch (carriage) {
            case LOOP -> sockets(near -> near);
            case PUMP -> sockets(Blocking::new);
            case TLS -> tls(context);
            case HOST -> host(false);
            case HOSTED -> host(true);
            case MEMORY -> {
                TransportPair pair = TransportPair.create();
                yield new Ends(engine -> Carriers.of(engine, pair.end(role)), pair.end(role.peer()));
            }
        };
    }

    private static Ends sockets(Function<Transport, Transport> seen) throws IOException {
        Transport[] ends = sockets();
        Transport near = seen.apply(ends[0]);
        return new Ends(engine -> Carriers.of(engine, near), ends[1]);
    }

    /** {@return both ends of a TCP connection on loopback that holds little} */
    private static Transport[] sockets() throws IOException {
        try (ServerSocketChannel listener = ServerSocketChannel.open()) {
            // Those accepted have it, too.
            listener.setOption(StandardSocketOptions.SO_RCVBUF, BUFFER_BYTES);
            listener.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
            SocketChannel far = SocketChannel.open();
            far.setOption(StandardSocketOptions.SO_RCVBUF, BUFFER_BYTES);
            far.setOption(StandardSocketOptions.SO_SNDBUF, BUFFER_BYTES);
            if (!far.connect(listener.getLocalAddress())) {
                throw new IOException("not connected");
            }
            SocketChannel near = listener.accept();
            near.setOption(StandardSocketOptions.SO_SNDBUF, BUFFER_BYTES);
            return new Transport[] {new ChannelTransport(near), new ChannelTransport(far)};
        }
    }

    private Ends tls(SSLContext context) throws Exception {
        Transport[] ends = sockets();
        TlsTransport near = tls(context, role, ends[0]);
        TlsTransport far = tls(context, role.peer(), ends[1]);
        Rig.Task<Boolean> hands = Rig.start(far::handshake);
        if (!near.handshake() || !hands.get()) {
            throw new AssertionError("a blocking handshake did not end");
        }
        return new Ends(engine -> Carriers.of(engine, near), far);
    }

    private static TlsTransport tls(SSLContext context, Role role, Transport socket) {
        SSLEngine engine =
                role == Role.SERVER ? TlsEngines.server(context) : TlsEngines.client(context, "localhost", 443);
        return new TlsTransport(socket, engine, new BufferPool(4));
    }

    private static Ends host(boolean hosted) {
        HostEnd stream = new HostEnd();
        return new Ends(
                engine -> hosted ? Carriers.of(HostEnd.loop(engine), stream) : Carriers.of(engine, stream),
                stream.far());
    }

    /** Hides what a socket could do besides blocking. */
    private record Blocking(Transport socket) implements Transport {
        @Override
        public int read(ByteBuffer dst) throws IOException {
            return socket.read(dst);
        }

        @Override
        public int read(ByteBuffer dst, Duration timeout) throws IOException {
            return socket.read(dst, timeout);
        }

        @Override
        public long write(ByteBuffer[] srcs, int offset, int length) throws IOException {
            return socket.write(srcs, offset, length);
        }

        @Override
        public void shutdownOutput() throws IOException {
            socket.shutdownOutput();
        }

        @Override
        public void close() throws IOException {
            socket.close();
        }
    }

    @Override
    public String toString() {
        return role + " " + carriage + (compressed ? " compressed" : "");
    }
}
