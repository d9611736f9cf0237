// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.server;

import dev.gibbon.http.HeadLimits;
import dev.gibbon.http.HeadParser;
import dev.gibbon.http.HttpHeadException;
import dev.gibbon.http.RequestHead;
import dev.gibbon.http.ValidRequest;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * The way in of an {@link HttpConnection}: heads, and bodies once they are asked for. It keeps what came behind them.
 * In a turn only, but for {@link #hasHeld}.
 */
final class HttpInput {
    private static final ByteBuffer NOTHING = ByteBuffer.allocate(0);

    /** Of the head that has begun. */
    private @Nullable HeadParser<RequestHead> parser;

    /** Of the request that is being answered, while it comes. */
    private @Nullable RequestBody body;

    /** What came behind the request that is being answered. */
    private ByteBuffer held = NOTHING;

    /** How much may still come and be thrown away. */
    private long discardable;

    /**
     * {@return the request whose head is whole with these bytes, which follow those of the calls before; null if none
     * is}
     */
    @Nullable
    ValidRequest head(ByteBuffer in, HeadLimits limits) throws HttpHeadException {
        HeadParser<RequestHead> begun = parser;
        if (begun == null) { // Not before there is a byte: a client that says nothing costs little.
            begun = HeadParser.ofRequest(limits);
            parser = begun;
        }
        if (!begun.feed(in)) {
            return null;
        }
        parser = null;
        hold(in);
        return ValidRequest.of(begun.head());
    }

    /** A body begins, with what came behind its head. {@return whether that is all of it} */
    boolean begin(RequestBody asked) {
        body = asked;
        return body(takeHeld());
    }

    /** {@return whether the body is over with these bytes: whole, or not as it has to be} */
    boolean body(ByteBuffer in) {
        RequestBody receiving = body;
        if (receiving != null && !receiving.accept(in)) {
            return false;
        }
        hold(in);
        return true;
    }

    /** {@return whether it is this body that comes} */
    boolean isOf(RequestBody asked) {
        return asked.equals(body);
    }

    /** {@return the body that was coming, if one was; no more of it comes} */
    @Nullable
    RequestBody endBody() {
        RequestBody over = body;
        body = null;
        return over;
    }

    private void hold(ByteBuffer in) {
        held = in.hasRemaining() ? ByteBuffer.allocate(in.remaining()).put(in).flip() : NOTHING;
    }

    /** {@return whether bytes came behind the head} The handler's thread as well, before a body begins. */
    boolean hasHeld() {
        return held.hasRemaining();
    }

    /** {@return what came behind the request, which is its taker's from now on} */
    ByteBuffer takeHeld() {
        ByteBuffer taken = held;
        held = NOTHING;
        return taken;
    }

    /** From now on whatever comes is thrown away, at most so much. */
    void discardAll(long most) {
        parser = null;
        held = NOTHING;
        discardable = most;
    }

    /** {@return whether so many bytes more may come and be thrown away} */
    boolean discard(int count) {
        discardable -= count;
        return discardable >= 0;
    }
}
