// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.testkit.Frame;
import dev.gibbon.testkit.LengthForm;
import dev.gibbon.testkit.ScriptedPeer;
import dev.gibbon.testkit.TransportPair;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;

/**
 * The threat catalogue's exhaustion attacks (RX) on whole
 * connections without options, with healthy neighbours beside them.
 */
@Timeout(300)
class ResourceThreatsTest {
    private static final byte[] NOTHING = {};
    private static final int L_MSG = 1 << 20;
    private static final int L_FRAG = 16_384;

    private static byte[] declaring(Role role, long length) {
        Frame frame = Frame.binary(NOTHING);
        return (role == Role.SERVER ? frame.withMaskingKey(7) : frame).encode(LengthForm.BITS_64, length);
    }

    @ParameterizedTest(name = "RX-06 L.msg + 1 to a {0} built with no options")
    @Sides
    void connectionWithoutOptionsRefusesTooMuch(Side side) throws Exception {
        Role role = side.role();
        try (Rig rig = new Rig(side)) {
            Rig.Task<Rig.End> reading = rig.read();
            rig.peer.sendRaw(declaring(role, L_MSG + 1));
            MessageTooBigException _ = rig.expectRefused(1009, reading, MessageTooBigException.class);
        }
    }

    @Test
    @DisplayName("RX-06 L.msg + 1 to an embedded server built with no options, over TCP")
    void serverWithoutOptionsRefusesTooMuch() throws Exception {
        try (WebSocketServer server = WebSocketServer.builder()
                .bind("localhost", 0)
                .handle("/", exchange -> {
                    try (Connection ws = Upgrader.create().upgrade(exchange)) {
                        for (Message m = ws.readMessage(); m != null; m = ws.readMessage()) {
                            ws.writeMessage(m);
                        }
                    }
                })
                .start()) {
            try (ScriptedPeer neighbour = ScriptedPeer.overHttp("localhost", server.port());
                    ScriptedPeer peer = ScriptedPeer.overHttp("localhost", server.port())) {
                neighbour.expectUpgraded().sendText("before");
                neighbour.expectText("before");
                byte[] most = new byte[L_MSG];
                peer.expectUpgraded().sendBinary(most);
                peer.expectBinary(most);
                peer.sendRaw(declaring(Role.SERVER, L_MSG + 1));
                peer.expectClose(1009);
                peer.expectEnd();
                neighbour.sendText("after");
                neighbour.expectText("after");
                neighbour.sendClose();
                neighbour.expectCloseWithoutCode();
            }
        }
    }

    @ParameterizedTest(name = "RX-07 1000 headers that declare L.msg and bring nothing, to a {0}")
    @Sides(of = Face.PULL, because = "AssemblyBuffersTest has what a loop holds")
    void memoryFollowsWhatCameAndNotWhatWasDeclared(Side side) throws Exception {
        Role role = side.role();
        try (Rig rig = new Rig(side)) {
            List<TransportPair> pairs = new ArrayList<>();
            List<Rig.Task<Boolean>> readers = new ArrayList<>();
            List<Connection> connections = new ArrayList<>();
            for (int i = 0; i < 1000; i++) {
                TransportPair pair = TransportPair.builder().capacity(64).build();
                pairs.add(pair);
                Connection connection = rig.open(pair.end(role), role, ConnectionOptions.defaults());
                connections.add(connection);
                ScriptedPeer peer = ScriptedPeer.over(pair.end(role.peer()), role.peer());
                peer.sendRaw(declaring(role, L_MSG));
                readers.add(Rig.go(() -> {
                    Message _ = connection.readMessage();
                }));
            }
            for (TransportPair pair : pairs) {
                Rig.await(() -> pair.end(role).counters().bytesRead() > 9, () -> "a header was not read");
                pair.end(role).awaitBlockedReader();
            }
            rig.neighbours.echo();
            int leased = rig.engine.buffers().leased();
            assertTrue(leased <= 512 + 16, leased + " buffers of 64 KiB wait for what was only declared");
            connections.forEach(Connection::abort);
            for (Rig.Task<Boolean> reader : readers) {
                ConnectionClosedException _ = reader.failure(ConnectionClosedException.class);
            }
            rig.connection.abort();
            rig.expectAllGivenBack();
        }
    }

    @ParameterizedTest(name = "RX-08 endless continuation frames, to a {0}")
    @Sides
    void endlessMessageIsRefusedAtTheLimit(Side side) throws Exception {
        try (Rig rig = new Rig(side)) {
            Rig.Task<Rig.End> reading = rig.read();
            Frame piece = Frame.continuation(new byte[32 << 10]).withFin(false);
            rig.peer.send(Frame.binary(NOTHING).withFin(false));
            for (int i = 0; i < 32; i++) {
                rig.peer.send(piece); // these fill L.msg to the last byte
            }
            rig.neighbours.echo();
            rig.peer.send(Frame.continuation(new byte[1]).withFin(false));
            MessageTooBigException e = rig.expectRefused(1009, reading, MessageTooBigException.class);
            assertEquals(L_MSG, e.limit());
        }
    }

    @ParameterizedTest(name = "RX-09 endless 1-byte fragments, to a {0}")
    @Sides
    void endlessSmallFragmentsAreRefusedAtTheLimit(Side side) throws Exception {
        Role role = side.role();
        expectFragmentsBounded(role, new byte[1]);
    }

    @ParameterizedTest(name = "RX-10 endless empty fragments, to a {0}")
    @Sides
    void endlessEmptyFragmentsAreRefusedAtTheLimit(Side side) throws Exception {
        Role role = side.role();
        expectFragmentsBounded(role, NOTHING);
    }

    private static void expectFragmentsBounded(Role role, byte[] payload) throws Exception {
        try (Rig rig = new Rig(role)) {
            Rig.Task<Rig.End> reading = rig.read();
            Frame start = Frame.binary(payload).withFin(false);
            Frame more = Frame.continuation(payload).withFin(false);
            List<Frame> full = new ArrayList<>(Collections.nCopies(L_FRAG - 2, more));
            full.addFirst(start);
            full.addLast(more.withFin(true));
            rig.peer.send(full); // as many as there may be: delivered
            rig.neighbours.echo();
            full.set(L_FRAG - 1, more);
            full.add(more);
            rig.peer.send(full); // and one more
            ProtocolException _ = rig.expectRefused(1008, reading);
            Rig.End end = rig.end(reading);
            assertEquals(1, end.messages().size());
            assertEquals(payload.length * L_FRAG, end.messages().getFirst().length());
        }
    }

    @ParameterizedTest(name = "RX-13 ping flood, to a {0}")
    @Sides
    void pingFloodIsRefused(Side side) throws Exception {
        try (Rig rig = new Rig(side)) {
            Rig.Task<Rig.End> reading = rig.read();
            byte[] payload = {42};
            for (int i = 0; i < 300; i++) {
                rig.peer.sendPing(payload);
                rig.peer.expectPong(payload);
            }
            rig.neighbours.echo();
            rig.peer.sendPing(payload);
            ProtocolException _ = rig.expectRefused(1008, reading);
        }
    }

    @ParameterizedTest(name = "RX-15 pong flood, to a {0}")
    @Sides
    void pongFloodIsRefused(Side side) throws Exception {
        try (Rig rig = new Rig(side)) {
            Rig.Task<Rig.End> reading = rig.read();
            rig.peer.send(Collections.nCopies(150, Frame.pong(NOTHING)));
            rig.peer.send(Collections.nCopies(151, Frame.pong(new byte[125])));
            ProtocolException _ = rig.expectRefused(1008, reading);
        }
    }
}
