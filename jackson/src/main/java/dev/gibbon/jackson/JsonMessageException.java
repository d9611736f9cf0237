// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.jackson;

import dev.gibbon.MessageType;
import dev.gibbon.WebSocketException;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.exc.InputCoercionException;
import tools.jackson.databind.JavaType;
import tools.jackson.databind.exc.MismatchedInputException;

/**
 * A message came that is no JSON, or none of the wanted type. It was taken from the connection, which goes on: the next
 * read gets the next message.
 *
 * <p>What this says is fit for a log: kind, type, place and reason, and nothing of the values that the peer sent. Those
 * Jackson quotes; so its exception is no cause, which logs print, but is at {@link #problem()}. The cause is what code
 * of the application threw, a constructor for example that does not accept a value.
 */
public final class JsonMessageException extends WebSocketException {
    private static final long serialVersionUID = 1L;

    private final boolean malformed;
    private final String pointer;
    private final @Nullable JacksonException problem;

    private JsonMessageException(
            String message,
            boolean malformed,
            String pointer,
            @Nullable JacksonException problem,
            @Nullable Throwable cause) {
        super(message, cause);
        this.malformed = malformed;
        this.pointer = pointer;
        this.problem = problem;
    }

    /** Tells of a message that Jackson did not take. */
    static JsonMessageException of(MessageType kind, JavaType wanted, Complaint complaint) {
        String message =
                Complaint.nameOf(kind) + complaint.verdict(wanted) + complaint.place() + ": " + complaint.reason();
        JacksonException problem = complaint.problem();
        boolean malformed = complaint.isMalformed();
        boolean applications = !malformed
                && !(problem instanceof MismatchedInputException)
                && !(problem instanceof InputCoercionException);
        Throwable cause = applications ? problem.getCause() : null;
        return new JsonMessageException(message, malformed, complaint.pointer(), problem, cause);
    }

    /** Tells of a message in which Jackson found nothing wrong. */
    static JsonMessageException of(MessageType kind, JavaType wanted, String why) {
        String message = Complaint.nameOf(kind) + Complaint.misfit(wanted) + ": " + why;
        return new JsonMessageException(message, false, "", null, null);
    }

    /**
     * {@return whether the message is no JSON at all, or beyond what Jackson is allowed to read} If not, it is JSON,
     * but none of the wanted type.
     */
    public boolean isMalformed() {
        return malformed;
    }

    /**
     * {@return where in the value the problem is, as a JSON pointer (RFC 6901), {@code /items/3/price} for instance;
     * empty for the whole} The names in it may be the peer's.
     */
    public String pointer() {
        return pointer;
    }

    /**
     * {@return what Jackson says, in all detail; it may quote what the peer sent} Empty if nothing was wrong with the
     * message but that it was {@code null}, or that a second value followed.
     */
    public Optional<JacksonException> problem() {
        return Optional.ofNullable(problem);
    }
}
