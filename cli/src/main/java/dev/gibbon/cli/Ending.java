// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.cli;

import dev.gibbon.CloseCode;
import dev.gibbon.CloseStatus;
import dev.gibbon.ConnectionClosedException;
import dev.gibbon.HandshakeException;
import dev.gibbon.HandshakeTimeoutException;
import dev.gibbon.reconnect.RetryPolicy;
import java.io.IOException;
import java.net.UnknownHostException;
import java.util.Optional;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/**
 * How a connection of {@code gibbon connect} ended, or why there was none.
 *
 * @param status what the program exits with
 * @param line what happened, for people; nothing of the peer's in it is unescaped
 * @param worthRetrying whether another try may do better
 * @param refusal the reply that was no 101, where that is what happened
 */
record Ending(int status, String line, boolean worthRetrying, Optional<HandshakeException> refusal) {
    /** The connection was open and ended well. */
    static final int CLEAN = Main.OK;

    /** The connection was open and was lost, or was closed for something that went wrong. */
    static final int LOST = Main.FAILED;

    /** There is a server and it refused the handshake, or did it wrong. */
    static final int REFUSED = 3;

    /** No server was reached, or it could not prove who it is, or it took too long. */
    static final int UNREACHABLE = 4;

    /** {@return the end of a connection that the user closed with {@code code} before there was one} */
    static Ending givenUp() {
        return new Ending(CLEAN, "given up", false, Optional.empty());
    }

    /**
     * {@return how an open connection ended}
     *
     * @param peer the peer's close code and reason, if known
     * @param asked the code that this side closed with, if it was asked to close
     * @param failure what the last read threw, if anything
     */
    static Ending of(Optional<CloseStatus> peer, Optional<CloseCode> asked, @Nullable IOException failure) {
        CloseStatus status = peer.orElse(CloseStatus.LOST);
        if (failure != null && !(failure instanceof ConnectionClosedException)) {
            return new Ending(LOST, "connection failed: " + message(failure), false, Optional.empty());
        }
        if (status.code().equals(CloseCode.ABNORMAL_CLOSURE)) {
            String cause = failure == null || failure.getCause() == null
                    ? "it ended without a Close frame"
                    : message(failure.getCause());
            return new Ending(LOST, "connection lost (1006): " + cause, true, Optional.empty());
        }
        boolean clean = status.code().isClean() || asked.equals(Optional.of(status.code()));
        String who = asked.isPresent() ? "closed: " : "closed by the server: ";
        return new Ending(
                clean ? CLEAN : LOST, who + Visible.of(status.toString()), isPassing(status.code()), Optional.empty());
    }

    /** {@return why a dial came to nothing} */
    static Ending ofDial(IOException failure) {
        boolean retry = RetryPolicy.standard().decide(failure).retries();
        if (failure instanceof HandshakeException refused) {
            return new Ending(REFUSED, "handshake refused: " + message(refused), retry, Optional.of(refused));
        }
        String line = switch (failure) {
            case SSLException tls -> TlsFailure.line(tls);
            case UnknownHostException unknown -> "no address is known for " + message(unknown);
            case HandshakeTimeoutException late ->
                "no connection in time, the " + late.stage() + " was not done; --timeout allows for more";
            default ->
                message(failure).startsWith("cannot connect")
                        ? message(failure)
                        : "cannot connect: " + message(failure);
        };
        return new Ending(UNREACHABLE, line, retry, Optional.empty());
    }

    /** Whether a server that closes like this may well be back soon. */
    private static boolean isPassing(CloseCode code) {
        return switch (code.value()) {
            case 1001, 1011, 1012, 1013, 1014, 3008 -> true;
            default -> false;
        };
    }

    private static String message(Throwable failure) {
        String message = failure.getMessage();
        return Visible.of(message == null ? failure.getClass().getSimpleName() : message);
    }
}
