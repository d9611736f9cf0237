// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.server;

import dev.gibbon.RequestException;
import dev.gibbon.TimeSource;
import dev.gibbon.connection.LoopGuard;
import dev.gibbon.http.BodyFraming;
import dev.gibbon.http.BodyParser;
import dev.gibbon.http.HttpHeadException;
import dev.gibbon.http.HttpSyntax;
import dev.gibbon.http.ValidRequest;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.jspecify.annotations.Nullable;

/**
 * The body of the request that is being answered: turns read it while the handler's thread waits for all of it. Not
 * begun before somebody asks, so that nobody is told to go on with a body that nobody wants.
 */
final class RequestBody {
    private static final byte[] CONTINUE = "HTTP/1.1 100 Continue\r\n\r\n".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] EMPTY = new byte[0];

    private final HttpConnection http;
    private final ValidRequest request;
    private final CompletableFuture<Boolean> whole = new CompletableFuture<>();

    // Handler's thread only.
    private boolean begun;
    private byte @Nullable [] content;

    // In a turn only, once it has begun.
    private @Nullable BodyParser parser;
    private TimeSource.@Nullable Timer timer;

    RequestBody(HttpConnection http, ValidRequest request) {
        this.http = http;
        this.request = request;
    }

    // ---- The handler's thread

    static boolean isAbsent(ValidRequest request) {
        return request.framing() instanceof BodyFraming.Length(long length) && length == 0;
    }

    /** {@return whether all of it has been read} */
    boolean isRead() {
        return content != null;
    }

    /**
     * {@return the whole body, the same array each time} Waits for it.
     *
     * @throws RequestException if it is too long, malformed, or too slow to come
     * @throws IOException if the client is gone, or the thread is interrupted
     */
    byte[] read(int maxBytes) throws IOException {
        byte[] known = content;
        if (known == null) {
            LoopGuard.mayWait("body", "read it on the handler's own thread");
            known = isAbsent(request) ? EMPTY : await(maxBytes);
            content = known;
        }
        if (known.length > maxBytes) {
            throw new RequestException(413, "body > " + maxBytes + " bytes");
        }
        return known;
    }

    private byte[] await(int maxBytes) throws IOException {
        begin(maxBytes);
        try {
            boolean _ = whole.get();
            BodyParser complete = parser;
            return complete == null ? EMPTY : complete.bytes();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RequestException fault) {
                throw fault;
            }
            throw new IOException("the client is gone", e.getCause());
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while the body of a request was to come");
        }
    }

    private void begin(int maxBytes) throws IOException {
        if (begun) {
            return;
        }
        BodyParser bounded;
        try {
            bounded = new BodyParser(request.framing(), maxBytes, http.server().headLimits());
        } catch (HttpHeadException e) {
            throw fault(e);
        }
        boolean awaited = isContinueAwaited();
        begun = true;
        parser = bounded;
        if (awaited) {
            tellToContinue();
        }
        http.receive(this);
    }

    /** {@return whether the client sends the body only once it is told to (RFC 9110 §10.1.1)} */
    private boolean isContinueAwaited() throws RequestException {
        List<String> expectations = request.head().headers().all("Expect");
        for (String expectation : expectations) {
            if (!expectation.isEmpty() && !HttpSyntax.equalsIgnoreCase(expectation, "100-continue")) {
                throw new RequestException(417, "unknown expectation " + HttpSyntax.quoted(expectation));
            }
        }
        return !expectations.isEmpty()
                && request.head().version().equals("HTTP/1.1")
                && !http.input().hasHeld();
    }

    private void tellToContinue() throws IOException {
        try {
            http.output().write(ByteBuffer.wrap(CONTINUE));
        } catch (InterruptedIOException e) {
            http.abort(); // Nothing may be sent before the rest of it.
            throw e;
        }
    }

    private static RequestException fault(HttpHeadException e) {
        return new RequestException(e.status(), String.valueOf(e.getMessage()));
    }

    // ---- Turns

    /** Fails with 408 unless it is over in time; {@code then} is told that it has. */
    void endIn(Duration timeout, TimeSource time, Runnable then) {
        timer = time.schedule(timeout, () -> {
            fail(new RequestException(408, "body not whole within " + timeout));
            then.run();
        });
    }

    /** {@return whether {@code in} completes it, or shows that it is not as it has to be} */
    boolean accept(ByteBuffer in) {
        BodyParser begunParser = parser;
        try {
            return begunParser == null || begunParser.feed(in);
        } catch (HttpHeadException e) {
            fail(fault(e));
            return true;
        }
    }

    /** All of it has come, unless it has failed. */
    void complete() {
        TimeSource.Timer passing = timer;
        if (passing != null) {
            passing.cancel();
        }
        boolean _ = whole.complete(true);
    }

    /** Any thread. */
    void fail(IOException why) {
        boolean _ = whole.completeExceptionally(why);
    }
}
