// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.jackson;

import dev.gibbon.MessageType;
import java.util.Locale;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonToken;
import tools.jackson.core.TokenStreamLocation;
import tools.jackson.core.exc.InputCoercionException;
import tools.jackson.core.exc.JacksonIOException;
import tools.jackson.core.exc.StreamConstraintsException;
import tools.jackson.core.exc.StreamReadException;
import tools.jackson.core.exc.UnexpectedEndOfInputException;
import tools.jackson.databind.JavaType;
import tools.jackson.databind.exc.InvalidFormatException;
import tools.jackson.databind.exc.InvalidTypeIdException;
import tools.jackson.databind.exc.MismatchedInputException;
import tools.jackson.databind.exc.UnrecognizedPropertyException;

/**
 * What Jackson found wrong with a message, in words without values of the peer's.
 *
 * @param token where it was found, if anything was there
 */
record Complaint(JacksonException problem, @Nullable JsonToken token) {
    /** How much of a pointer stands in a message: names in it may be the peer's, and as long as it likes. */
    private static final int POINTER_CHARS = 100;

    static String nameOf(MessageType kind) {
        return kind.name().toLowerCase(Locale.ROOT) + " message";
    }

    static String misfit(JavaType wanted) {
        return " does not fit " + wanted.toCanonical();
    }

    /**
     * {@return whether it is no JSON} A number that its type cannot hold is found where it is parsed, and is JSON all
     * the same. What fails to be read though the connection brought it has an encoding that does not exist.
     */
    boolean isMalformed() {
        return switch (problem) {
            case InputCoercionException _ -> false;
            case StreamReadException _, StreamConstraintsException _, JacksonIOException _ -> true;
            default -> false;
        };
    }

    String verdict(JavaType wanted) {
        return isMalformed() ? " is no JSON that may be read" : misfit(wanted);
    }

    String place() {
        TokenStreamLocation at = problem.getLocation();
        String line =
                at == null || at.getLineNr() < 1 ? "" : ", line " + at.getLineNr() + ", column " + at.getColumnNr();
        String pointer = pointer();
        return pointer.isEmpty() ? line : line + ", at " + shown(pointer);
    }

    String pointer() {
        return problem.getPath().stream().map(Complaint::step).collect(Collectors.joining());
    }

    /** As RFC 6901 §3 has it. */
    private static String step(JacksonException.Reference reference) {
        String name = reference.getPropertyName();
        return "/"
                + (name == null ? reference.getIndex() : name.replace("~", "~0").replace("/", "~1"));
    }

    private static String shown(String pointer) {
        StringBuilder shown = new StringBuilder();
        int length = Math.min(pointer.length(), POINTER_CHARS);
        for (int i = 0; i < length; i++) {
            char c = pointer.charAt(i);
            boolean plain = !Character.isISOControl(c) && !Character.isSurrogate(c) && Character.isDefined(c);
            shown.append(plain ? String.valueOf(c) : String.format("\\u%04x", (int) c));
        }
        return shown.append(length < pointer.length() ? "…" : "").toString();
    }

    String reason() {
        return switch (problem) {
            case StreamConstraintsException limit -> limit.getOriginalMessage(); // The limit, and by how much.
            case UnexpectedEndOfInputException _ -> "it ends inside the value";
            case InputCoercionException number -> found() + " that is no " + name(number.getTargetType());
            case StreamReadException _ -> "what stands there is not allowed there";
            case JacksonIOException _ -> "its encoding is none of JSON's";
            case UnrecognizedPropertyException _ -> "no such property is known";
            case InvalidTypeIdException _ -> "the type that it names is not known";
            case InvalidFormatException value -> found() + " that is no " + name(value.getTargetType());
            case MismatchedInputException other -> found() + " where " + name(other.getTargetType()) + " is expected";
            default -> "the application did not accept it";
        };
    }

    private static String name(@Nullable Class<?> type) {
        return type == null ? "something else" : type.getSimpleName();
    }

    private String found() {
        return switch (token) {
            case null -> "nothing";
            case START_OBJECT, PROPERTY_NAME -> "an object";
            case START_ARRAY -> "an array";
            case VALUE_STRING -> "a string";
            case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> "a number";
            case VALUE_TRUE, VALUE_FALSE -> "a boolean";
            case VALUE_NULL -> "null";
            case END_OBJECT, END_ARRAY, NOT_AVAILABLE, VALUE_EMBEDDED_OBJECT -> "nothing";
        };
    }
}
