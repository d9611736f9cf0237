// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.connection;

import dev.gibbon.CloseCode;
import dev.gibbon.CloseStatus;
import dev.gibbon.ConnectionOptions;
import dev.gibbon.MessageTooBigException;
import dev.gibbon.ProtocolException;
import dev.gibbon.TimeSource;
import dev.gibbon.WebSocketException;
import dev.gibbon.protocol.Inbound;
import dev.gibbon.protocol.Limits;
import dev.gibbon.transport.Stream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The way in of a connection: reads what the stream has, lets the protocol parse it, and hands what comes of it to
 * the {@link Assembly} and by it to the sink. Stops where the sink takes no more, or where the connection has had
 * its share of a turn, and goes on there. In a turn of the connection only, unless a method says otherwise.
 */
public final class Input {
    /** What is waited for. */
    public enum Waiting {
        NO,
        FOR_A_MESSAGE,
        FOR_THE_REST_OF_A_MESSAGE
    }

    /** Where a frame is that ends the connection, behind messages that a reader has yet to deal with. */
    private enum End {
        NOT_HERE,
        WAITS_FOR_READER,
        /** The reader has had its time. */
        IS_DUE
    }

    /** How long such a frame waits. */
    private static final Duration FOR_READER = Duration.ofSeconds(1);

    /** How often a stream that buffers input is read in one turn before others get theirs. */
    private static final int READS_PER_TURN = 16;

    /** What is read behind our own Close frame, at most, unless one message may be longer. */
    private static final long MAX_DISCARDED = 1L << 20;

    /**
     * What is inflated in one turn, which takes about half a millisecond; a read's worth could make a thousand
     * times as much.
     */
    private static final int INFLATED_PER_TURN = 256 * 1024;

    /** What a step counts for however little comes of it. */
    private static final int STEP_COST = 512;

    private final WebSocketConnection connection;
    private final Inbound inbound;
    private final Stream stream;
    private final Assembly assembly;

    /** Input that came and waits until the sink takes more, or for the next turn. */
    private @Nullable ByteBuffer held;

    /** Whether it is gone on with right now: no copy of it needs to be made if it must wait again. */
    private boolean goingOn;

    /** Whether the sink takes no more: nothing is read until {@link #resume}. */
    private boolean paused;

    private End end = End.NOT_HERE;

    /** Makes it due. */
    private TimeSource.@Nullable Timer patience;

    /** What messages wait for; null where they need not. */
    private final @Nullable Pace pace;

    /** Whether nothing that comes means anything any more. */
    private boolean ended;

    /** Whether the peer has ended its direction: nothing comes any more. */
    private boolean streamEnded;

    /** How many bytes may still come and be thrown away; counted once nothing that comes is handed out. */
    private long discardable;

    /** Whether the stream takes no more bytes: nothing is to be flushed, nor may that hide what is read. */
    private boolean outputBroken;

    /** Whether the present frame is a control frame, for the log. */
    private boolean inControl;

    private int inflateBudget = INFLATED_PER_TURN;

    /** How many reads brought bytes so far; looked at by the tick. */
    private volatile long reads;

    private volatile boolean reading;

    Input(
            WebSocketConnection connection,
            ConnectionOptions options,
            Inbound inbound,
            Stream stream,
            Assembly assembly,
            List<MessageQuota> quotas,
            ByteBuffer leftover) {
        this.connection = connection;
        this.pace = quotas.isEmpty() ? null : new Pace(connection, quotas);
        this.inbound = inbound;
        this.stream = stream;
        this.assembly = assembly;
        this.discardable = Math.max(MAX_DISCARDED, options.maxMessageBytes());
        this.held = leftover.hasRemaining() ? copy(leftover) : null;
    }

    private static ByteBuffer copy(ByteBuffer bytes) {
        return ByteBuffer.allocate(bytes.remaining()).put(bytes).flip();
    }

    /** {@return what a peer may make a connection of these options hold or do} */
    static Limits limits(ConnectionOptions options) {
        return new Limits(
                options.maxFrameBytes(),
                options.maxMessageBytes(),
                options.maxFragments(),
                options.maxControlFramesPerMinute());
    }

    /** Messages may be so long from the next frame on, and frames, too, where these have no limit of their own. */
    void maxMessageBytes(long bytes, ConnectionOptions options) {
        ConnectionOptions changed = options.toBuilder()
                .maxMessageBytes(bytes)
                .maxFrameBytes(options.maxFrameBytes() == options.maxMessageBytes() ? bytes : options.maxFrameBytes())
                .build();
        inbound.limits(limits(changed));
    }

    // ---- What the tick looks at; any thread

    public Waiting waiting() {
        return reading ? assembly.waiting() : Waiting.NO;
    }

    long awaitedMessage() {
        return assembly.number();
    }

    long awaitedBytes() {
        return assembly.bytes();
    }

    public long reads() {
        return reads;
    }

    // ---- Turns

    Assembly assembly() {
        return assembly;
    }

    /** A turn begins. */
    void beginTurn() {
        inflateBudget = INFLATED_PER_TURN;
    }

    /** {@return whether to be told when the stream has bytes} */
    boolean wantsBytes() {
        return !streamEnded && ((held == null && !paused) || ended);
    }

    /** Reads what is there, within this turn's share. */
    void read() {
        goOn();
        int left = stream.buffersInput() ? READS_PER_TURN : 1;
        while (left > 0 && wantsBytes() && !connection.lifecycle().isGone() && readOnce()) {
            left--;
        }
        if (left == 0 && stream.buffersInput()) {
            connection.driver().again();
        }
    }

    /** The sink may take more. */
    void resume() {
        if (ended) {
            return;
        }
        paused = false;
        assembly.offerBegun();
        goOn();
        if (stream.buffersInput()) {
            connection.driver().again();
        }
        note();
    }

    /** {@return whether something came} */
    private boolean readOnce() {
        ByteBuffer in = ended ? connection.driver().workspace().receiveBuffer() : assembly.target();
        int start = in.position();
        int n;
        try {
            n = stream.read(in);
            flushStream();
        } catch (IOException e) {
            connection.lifecycle().lost(e);
            return false;
        }
        if (n < 0) {
            streamEnded = true;
            connection.ending().inputEnded(new EOFException("the peer ended the stream without a Close frame"));
            return false;
        }
        if (n > 0) {
            long count = reads + 1; // Turns alone write it.
            reads = count;
            in.limit(in.position()).position(start);
            accept(in);
        }
        return n > 0;
    }

    /** TLS may answer a record by one of its own, which nobody asked us to write. */
    private void flushStream() {
        if (!stream.buffersInput() || outputBroken || connection.ending().phase() == Ending.Phase.LINGER) {
            return;
        }
        try {
            connection.sender().output().flushStream();
        } catch (IOException e) {
            outputBroken = true;
            connection.writeFailed(e); // What has just been read is not lost by it.
        }
    }

    /** {@return whether nothing that comes means anything any more} */
    boolean hasEnded() {
        return ended;
    }

    /**
     * Reads once more, the output being broken: whatever has come is handed out. {@return whether there may be
     * more}
     */
    boolean readBeforeTheEnd() {
        outputBroken = true;
        beginTurn();
        end = End.IS_DUE;
        boolean more = held != null || inbound.inflating();
        paused = false;
        goOn();
        return !ended && !paused && !connection.lifecycle().isGone() && (more || readOnce());
    }

    private void accept(ByteBuffer in) {
        if (ended || connection.lifecycle().closing().progress().sent() != null) {
            discard(in.remaining());
        }
        while (!ended && (in.hasRemaining() || inbound.inflating())) {
            if (inflateBudget <= 0) { // Others get their turn.
                hold(in);
                connection.driver().again();
                return;
            }
            if (!assembly.accepts() || endWaitsForReader(in) || comesTooSoon(in)) {
                pause(in);
                return;
            }
            if (next(in) == Inbound.Event.INPUT_NEEDED) {
                return;
            }
        }
    }

    /**
     * {@return whether the next frame ends the connection, and a reader has yet to deal with messages before it}
     * What it answers would come too late behind our own Close frame.
     */
    private boolean endWaitsForReader(ByteBuffer in) {
        if (end == End.IS_DUE
                || !inbound.endComesNext(in)
                || connection.lifecycle().closing().progress().sent() != null
                || !(connection.sink() instanceof Mailbox mailbox)
                || !mailbox.holdsEnd()) {
            return false;
        }
        if (end == End.NOT_HERE) {
            end = End.WAITS_FOR_READER;
            patience = connection
                    .engine()
                    .time()
                    .schedule(FOR_READER, () -> connection.driver().execute(this::endIsDue));
        }
        return true;
    }

    /** {@return whether a message is next whose time has not come, for which the connection may be closed} */
    private boolean comesTooSoon(ByteBuffer in) {
        if (pace == null
                || !inbound.messageComesNext(in)
                || outputBroken
                || connection.lifecycle().closing().progress().sent() != null) {
            return false;
        }
        try {
            return pace.waits();
        } catch (ProtocolException e) {
            refuse(e, e.closeCode());
            return true;
        }
    }

    /** Nothing more is taken in, nor read, until {@link #resume}. */
    private void pause(ByteBuffer in) {
        if (!ended) {
            hold(in);
            paused = true;
            note();
        }
    }

    private void endIsDue() {
        end = End.IS_DUE;
        connection.turn().resume();
    }

    /** Goes on with input that came before. */
    private void goOn() {
        ByteBuffer rest = held;
        if (paused || ended || (rest == null && !inbound.inflating())) {
            return;
        }
        held = null;
        goingOn = true;
        accept(rest == null ? ByteBuffer.allocate(0) : rest);
        goingOn = false;
    }

    private void hold(ByteBuffer in) {
        if (!goingOn) {
            assembly.movedAway();
            held = copy(in);
        } else {
            held = in;
        }
    }

    private void discard(int bytes) {
        discardable -= bytes;
        if (discardable < 0) {
            connection.lifecycle().lost(new IOException("too many bytes came behind our Close frame"));
        }
    }

    /** Takes the next event and has it dealt with. */
    private Inbound.Event next(ByteBuffer in) {
        try {
            inControl = false;
            Inbound.Event event = inbound.next(in);
            inControl = event == Inbound.Event.PING || event == Inbound.Event.PONG || event == Inbound.Event.CLOSE;
            switch (event) {
                case INPUT_NEEDED -> {}
                case DATA -> {
                    int from = in.position();
                    in.position(from + inbound.length());
                    data(in, from);
                }
                case COMPRESSED -> inflate(in);
                case PING -> connection.controlFrames().ping(inbound.controlPayload());
                case PONG -> connection.controlFrames().pong(inbound.controlPayload());
                case CLOSE -> closed(inbound.closeStatus());
            }
            return event;
        } catch (ProtocolException e) {
            refuse(e, e.closeCode());
        } catch (MessageTooBigException e) {
            refuse(e, e.closeCode());
        } catch (Exception | Error e) {
            // The application's: anything may come, and only this connection may suffer.
            failed(e);
        }
        in.position(in.limit());
        return Inbound.Event.INPUT_NEEDED;
    }

    private void closed(CloseStatus status) {
        try {
            connection.controlFrames().close(status);
        } catch (Exception | Error e) { // The application's: it is answered with 1011.
            failed(e);
        }
        // Whoever reads is to find how it ended.
        connection.lifecycle().closeReceived(status, inbound.midMessage());
        stop();
    }

    private void inflate(ByteBuffer in) throws Exception {
        ByteBuffer step = connection.driver().workspace().inflateBuffer();
        boolean any = inbound.inflate(in, step);
        inflateBudget -= step.position() + STEP_COST;
        if (any) {
            data(step, 0);
        }
    }

    private void data(ByteBuffer in, int from) throws Exception {
        if (pace != null) {
            pace.spend(in.position() - from);
        }
        assembly.data(in, from);
    }

    private void refuse(WebSocketException problem, CloseCode code) {
        // Whoever reads is to find how it ended.
        WebSocketException _ = connection.lifecycle().fail(problem, code);
        stop();
    }

    /** What the application was called with has thrown. */
    void failed(Throwable e) {
        String call = inControl
                ? connection.controlFrames().called()
                : connection.sink().called();
        WebSocketException _ = ApplicationFaults.threw(connection, call, e);
        stop();
    }

    /** Nothing that has come, or comes, is handed out any more. */
    void stop() {
        if (!ended) {
            ended = true;
            held = null;
            if (patience != null) {
                patience.cancel();
            }
            if (pace != null) {
                pace.end();
            }
            assembly.giveUp();
            connection.sink().end();
            note();
        }
    }

    /** From now on so many bytes may come, which are thrown away. */
    void drain(long most) {
        stop();
        discardable = most;
    }

    /** The stream is gone. */
    void release() {
        stop();
        boolean _ = inbound.giveUpInflating();
        assembly.release();
    }

    /** Has the tick see whether anything is waited for. */
    void note() {
        boolean now = !paused && !ended;
        if (reading != now) {
            reading = now;
        }
    }
}
