// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.reconnect;

import dev.gibbon.Connection;
import dev.gibbon.ConnectionOptions;
import dev.gibbon.Dialer;
import dev.gibbon.Headers;
import dev.gibbon.Message;
import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * A client that stays connected: when its connection ends for a reason that may pass, it waits a random while,
 * dials again, lets the application resume, and goes on sending and receiving. It has one connection at a time.
 *
 * {@snippet :
 * try (ReconnectingClient client = ReconnectingClient.builder(Dialer.create(), URI.create("wss://example.org/feed"))
 *         .resume(connection -> connection.writeText("since " + lastId))
 *         .start()) {
 *     for (Message m; (m = client.readMessage()) != null; ) {
 *         lastId = handle(m);
 *     }
 * }
 * }
 *
 * <p><b>Sending.</b> {@link #send} puts a message into a bounded outbox and returns a receipt. The receipt
 * completes when the transport of a live connection took the whole message, and fails if that did not or may not
 * have happened. That is no acknowledgement: what the transport took may still be lost on the way. An application
 * that must know has the peer answer, and sends again what was not answered. Messages are sent in the order of
 * their calls.
 *
 * <p><b>Receiving.</b> The client takes one message ahead; behind it the connection holds {@link
 * ConnectionOptions#maxReadAheadBytes()}. While nobody takes those it reads no further: the peer is slowed down,
 * and its Pings and its Close frame behind them are not seen. An application that wants nothing from the peer still
 * has to read. What had come when a connection ended is still read. What the peer sent while there was no
 * connection is for the {@linkplain Builder#resume resume hook} to ask for.
 *
 * <p>Any thread may call anything. Two threads run for a client, and one more while a resume hook runs, all
 * virtual; they have ended when {@link #close()} returns, but for a resume hook that heeds nothing.
 */
public final class ReconnectingClient implements AutoCloseable {
    private final Outbox outbox;
    private final Reconnecting reconnecting;

    private ReconnectingClient(ReconnectSettings settings) {
        outbox = new Outbox(settings);
        reconnecting = new Reconnecting(settings, outbox);
    }

    /**
     * {@return a builder that starts from every default}
     *
     * @param dialer what connects; its time source times the waits, its options are those of every connection but for
     *     {@link ConnectionOptions#batchWrites()}, which is off. Host names are looked up anew for each try.
     * @param uri where to connect to
     */
    public static Builder builder(Dialer dialer, URI uri) {
        return new Builder(dialer, uri);
    }

    /** {@return where the client stands; may have changed by the time it is looked at} */
    public State state() {
        return reconnecting.state();
    }

    /**
     * Receives the next message, of whichever connection. Blocks until
     * there is one, however often the client has to connect for it.
     *
     * @return the message, the caller's to keep, or {@code null} once {@link #close()} was called, or the peer closed
     *     cleanly and the client does not try again; every time after too
     * @throws ReconnectException with {@code STOPPED} if the client gave up, now and every time after; the cause is why
     * @throws java.io.InterruptedIOException if the thread was interrupted,
     *     whose flag stays set; the client goes on, nothing is lost
     */
    public @Nullable Message readMessage() throws IOException {
        return reconnecting.readMessage();
    }

    /**
     * Puts a text message into the outbox; see {@link #send(Message)}.
     *
     * @param text what it says
     * @return the receipt
     * @throws IllegalArgumentException if {@code text} has a lone surrogate, or is longer than the whole outbox
     * @throws IOException if it was not accepted
     */
    public CompletableFuture<@Nullable Void> sendText(String text) throws IOException {
        return send(Message.text(text));
    }

    /**
     * Puts a message into the outbox. Blocks only if that is full and the policy is {@link OutboxPolicy#BLOCK}.
     *
     * <p>The receipt fails with {@link ReconnectException}, whose {@link ReconnectException#reason()} is {@code
     * IN_DOUBT} if the connection was lost while the message was being written, {@code OUTBOX_FULL} if it was
     * dropped for newer ones, and {@code STOPPED} if the client was closed or gave up before it was sent. What
     * depends on a receipt runs on the thread that sends, and holds it up. Cancelling a receipt does not take the
     * message back.
     *
     * @param message what to send; leave its array alone until the receipt is there
     * @return the receipt, which completes when the transport took the message
     * @throws ReconnectException if there is no room and the policy says so, or the client was closed or gave up;
     *     nothing was sent
     * @throws java.io.InterruptedIOException if the thread was interrupted while it waited for room, and its flag
     *     stays set; nothing was sent
     * @throws IllegalArgumentException if the message is longer than the whole outbox
     */
    public CompletableFuture<@Nullable Void> send(Message message) throws IOException {
        List<Message> dropped = new ArrayList<>();
        CompletableFuture<@Nullable Void> receipt = outbox.add(message, dropped);
        for (Message old : dropped) {
            reconnecting.tell(listener -> listener.dropped(old));
        }
        return receipt;
    }

    /** {@return how many messages wait in the outbox, the one that is being written not counted} */
    public int waitingMessages() {
        return outbox.size();
    }

    /** {@return how many messages {@link OutboxPolicy#DROP_OLDEST} has thrown away so far} */
    public long droppedMessages() {
        return outbox.dropped();
    }

    /**
     * Ends the client for good: no connection will be made after this. If there is a
     * connection, the outbox is sent first, and the closing handshake is done (§7.1.2);
     * each of the two takes at most {@link ConnectionOptions#closeTimeout()}. If there is
     * none, what waits in the outbox fails. Messages that were not read are thrown away.
     *
     * <p>Returns when the threads have ended, thus not before a request hook or listener that is running returns; a
     * resume hook is left behind once its {@linkplain Builder#resumeTimeout time} is up. A hook is interrupted, and
     * receipts that were waited for have failed by then. Called by a hook, a listener or a dependent of a receipt, or
     * on an event loop's thread, this returns at once and the rest
     * happens after that. Interrupting the thread drops the connection.
     */
    @Override
    public void close() {
        reconnecting.close();
    }

    /** {@return whether a thread of this client runs} For tests. */
    boolean hasThreads() {
        return reconnecting.hasThreads();
    }

    /** {@return kind and state} */
    @Override
    public String toString() {
        return "reconnecting WebSocket client " + state();
    }

    /** Where a client stands. */
    public enum State {
        /** A try is under way, the resume hook included. */
        CONNECTING,
        /** A connection is open, as far as is known. */
        CONNECTED,
        /** It waits before the next try. */
        WAITING,
        /** It was closed or gave up, and does nothing any more. */
        STOPPED
    }

    /** What {@link ReconnectingClient#send} does when the outbox is full. */
    public enum OutboxPolicy {
        /** Waits for room; after {@link Builder#sendTimeout} it refuses. */
        BLOCK,
        /** Throws {@link ReconnectException} at once. */
        REFUSE,
        /**
         * Throws away the messages that have waited longest until there is room: their receipts fail, {@link
         * ReconnectListener#dropped} is told of each, and {@link ReconnectingClient#droppedMessages()} counts them. The
         * message that is being written is never dropped.
         */
        DROP_OLDEST
    }

    /** What one try asks for. Immutable. */
    public static final class Request {
        private final URI uri;
        private final Headers headers;

        /**
         * Makes a request.
         *
         * @param uri where to connect to
         * @param headers fields to add to the opening handshake; see {@link Dialer#dial(URI, Headers)}
         */
        public Request(URI uri, Headers headers) {
            this.uri = Objects.requireNonNull(uri, "uri");
            this.headers = Objects.requireNonNull(headers, "headers");
        }

        /** {@return where to connect to} */
        public URI uri() {
            return uri;
        }

        /** {@return fields to add to the opening handshake} */
        public Headers headers() {
            return headers;
        }

        /** {@return scheme and host; the query and the fields may hold credentials} */
        @Override
        public String toString() {
            return "request to " + uri.getScheme() + "://" + uri.getHost();
        }
    }

    /** Chooses address and headers before each try, for a token that expires or a list of servers. */
    @FunctionalInterface
    public interface RequestHook {
        /**
         * {@return what to ask for} May block; interrupted when the client is closed.
         *
         * @param target what the client was built with
         * @param retry 0 for the first try since a connection was stable, 1 for the next, …
         * @throws IOException if there is none now; counts as a failed try
         */
        Request request(Request target, int retry) throws IOException;
    }

    /** Brings a fresh connection to where the last one was. */
    @FunctionalInterface
    public interface ResumeHook {
        /**
         * Runs on each fresh connection, the first one too, before anything from the outbox
         * is sent and before the client reads. It may send and receive, and must leave no
         * thread behind that reads. The client closes the connection, not the hook. It runs on a thread of its own.
         *
         * <p>What it sends goes by {@code connection}. It may put messages into the client's outbox, but must not wait
         * for their receipts: these come after it has returned.
         *
         * @param connection the fresh connection
         * @throws IOException if the connection is of no use; counts as a failed try, as an unchecked exception does.
         *     Either is logged, and closes the connection with 1011, unless it only says that the connection has ended.
         *     The {@link RetryPolicy} decides whether there is another.
         */
        void resume(Connection connection) throws IOException;
    }

    /**
     * Collects the settings of a {@link ReconnectingClient}. A setter throws {@link IllegalArgumentException} for
     * what is out of its range, and {@link NullPointerException} for null. Not safe for use by several threads.
     */
    public static final class Builder {
        private final Dialer dialer;
        private final URI uri;
        private Headers headers = Headers.of();
        private RequestHook requestHook = (target, _) -> target;
        private ResumeHook resumeHook = _ -> {};
        private Duration resumeTimeout = Duration.ofSeconds(30);
        private Backoff backoff = Backoff.standard();
        private RandomGenerator random = new SplittableRandom();
        private RetryPolicy retryPolicy = RetryPolicy.standard();
        private int maxRetries = Integer.MAX_VALUE;
        private Duration stableAfter = Duration.ofSeconds(30);
        private Duration maxRetryAfter = Duration.ofMinutes(5);
        private OutboxPolicy outboxPolicy = OutboxPolicy.BLOCK;
        private int maxOutboxMessages = 1024;
        private long maxOutboxBytes = 4L << 20;
        private Duration sendTimeout = Duration.ofSeconds(30);
        private boolean resendInDoubt;
        private ReconnectListener listener = new ReconnectListener() {};
        private InstantSource wallClock = InstantSource.system();

        private Builder(Dialer dialer, URI uri) {
            this.dialer = Objects.requireNonNull(dialer, "dialer");
            this.uri = Objects.requireNonNull(uri, "uri");
        }

        /**
         * Adds fields to each opening handshake; none unless set.
         *
         * @param fields the fields
         * @return this
         */
        public Builder headers(Headers fields) {
            headers = Objects.requireNonNull(fields, "fields");
            return this;
        }

        /**
         * Chooses address and headers before each try; the same ones unless set.
         *
         * @param hook what chooses
         * @return this
         */
        public Builder request(RequestHook hook) {
            requestHook = Objects.requireNonNull(hook, "hook");
            return this;
        }

        /**
         * Brings each fresh connection to where the last one was; nothing is done unless set.
         *
         * @param hook what does it
         * @return this
         */
        public Builder resume(ResumeHook hook) {
            resumeHook = Objects.requireNonNull(hook, "hook");
            return this;
        }

        /**
         * Bounds the resume hook: then its connection is dropped, the hook is interrupted, and the try has failed,
         * whether or not the hook returns. 30 s unless set, as much as a person would wait.
         *
         * @param timeout positive
         * @return this
         */
        public Builder resumeTimeout(Duration timeout) {
            resumeTimeout = ReconnectSettings.positive("resumeTimeout", timeout);
            return this;
        }

        /**
         * Sets how long to wait between tries; {@link Backoff#standard()} unless set.
         *
         * @param waits how long
         * @return this
         */
        public Builder backoff(Backoff waits) {
            backoff = Objects.requireNonNull(waits, "waits");
            return this;
        }

        /**
         * Sets what the waits are drawn from, for tests; a generator of its own seed unless set.
         *
         * @param generator used by one thread at a time
         * @return this
         */
        public Builder random(RandomGenerator generator) {
            random = Objects.requireNonNull(generator, "generator");
            return this;
        }

        /**
         * Decides after which ends to try again; {@link RetryPolicy#standard()} unless set.
         *
         * @param rules what decides
         * @return this
         */
        public Builder retryPolicy(RetryPolicy rules) {
            retryPolicy = Objects.requireNonNull(rules, "rules");
            return this;
        }

        /**
         * Bounds the tries without a stable connection in between, the first not counted; no bound unless set, since
         * nobody may be there to start the client again.
         *
         * @param count 0 or more
         * @return this
         */
        public Builder maxRetries(int count) {
            maxRetries = (int) ReconnectSettings.atLeast(0, "maxRetries", count);
            return this;
        }

        /**
         * Sets how long a connection must have lasted for the back-off to begin anew. 30 s unless set: a server that
         * accepts and then drops everybody must not be dialled at the pace of the first try.
         *
         * @param time 0 or more
         * @return this
         */
        public Builder stableAfter(Duration time) {
            stableAfter = ReconnectSettings.notNegative("stableAfter", time);
            return this;
        }

        /**
         * Bounds what a server's {@code Retry-After} can make this client wait;
         * 5 minutes unless set, so that a wrong date does not switch it off.
         *
         * @param time 0 or more
         * @return this
         */
        public Builder maxRetryAfter(Duration time) {
            maxRetryAfter = ReconnectSettings.notNegative("maxRetryAfter", time);
            return this;
        }

        /**
         * Bounds the messages in the outbox, and says what happens beyond; {@link OutboxPolicy#BLOCK}, 1024 messages
         * and 4 MiB unless set: a minute's worth of a chatty client. One more message may be on its way out.
         *
         * @param policy what happens
         * @param maxMessages positive
         * @param maxBytes positive
         * @return this
         */
        public Builder outbox(OutboxPolicy policy, int maxMessages, long maxBytes) {
            outboxPolicy = Objects.requireNonNull(policy, "policy");
            maxOutboxMessages = (int) ReconnectSettings.atLeast(1, "maxMessages", maxMessages);
            maxOutboxBytes = ReconnectSettings.atLeast(1, "maxBytes", maxBytes);
            return this;
        }

        /**
         * Sets how long {@link OutboxPolicy#BLOCK} waits for room; 30 s unless set.
         *
         * @param timeout positive
         * @return this
         */
        public Builder sendTimeout(Duration timeout) {
            sendTimeout = ReconnectSettings.positive("sendTimeout", timeout);
            return this;
        }

        /**
         * Sends a message in doubt again, first of all, on the next connection: at least once, so perhaps twice. Off
         * unless set: its receipt fails with {@code IN_DOUBT}, and it is sent at most once.
         *
         * @param resend whether to
         * @return this
         */
        public Builder resendInDoubt(boolean resend) {
            resendInDoubt = resend;
            return this;
        }

        /**
         * Tells {@code told} how the client fares; nobody unless set.
         *
         * @param told who is told
         * @return this
         */
        public Builder listener(ReconnectListener told) {
            listener = Objects.requireNonNull(told, "told");
            return this;
        }

        /** Sets what a date in Retry-After is measured against where the reply has no Date, for tests. */
        Builder wallClock(InstantSource clock) {
            wallClock = Objects.requireNonNull(clock, "clock");
            return this;
        }

        /** {@return a client that begins to connect in the background} */
        public ReconnectingClient start() {
            ReconnectingClient client = new ReconnectingClient(new ReconnectSettings(
                    dialer,
                    new Request(uri, headers),
                    requestHook,
                    resumeHook,
                    resumeTimeout,
                    backoff,
                    random,
                    retryPolicy,
                    maxRetries,
                    stableAfter,
                    maxRetryAfter,
                    outboxPolicy,
                    maxOutboxMessages,
                    maxOutboxBytes,
                    sendTimeout,
                    resendInDoubt,
                    listener,
                    wallClock));
            client.reconnecting.start();
            return client;
        }
    }
}
