// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import dev.gibbon.http.HttpSyntax;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/**
 * The fields of an HTTP message in the order they came: names compare without regard to ASCII case, and a name may
 * occur several times (RFC 9110 §5).
 *
 * <p>Immutable and valid by construction: a name is a token, a value holds no CR, LF, NUL or other control character
 * except HTAB, so no field can smuggle in another one. A character of a value stands for one byte (ISO-8859-1): bytes
 * 0x80 to 0xFF pass both ways unchanged.
 */
public final class Headers implements Iterable<Headers.Field> {
    private static final Headers EMPTY = new Headers();

    /** Never changed, and shown to nobody. */
    private final Field[] fields;

    private Headers(Field... fields) {
        this.fields = fields;
    }

    /** {@return headers without any field} */
    public static Headers of() {
        return EMPTY;
    }

    /**
     * {@return headers of the given fields}
     *
     * @param namesAndValues name, value, name, value, …
     * @throws IllegalArgumentException if a value is missing, or a name or value is malformed
     */
    public static Headers of(String... namesAndValues) {
        if (namesAndValues.length % 2 != 0) {
            throw new IllegalArgumentException("names and values must come in pairs: " + namesAndValues.length);
        }
        Builder builder = builder();
        for (int i = 0; i < namesAndValues.length; i += 2) {
            builder.add(namesAndValues[i], namesAndValues[i + 1]);
        }
        return builder.build();
    }

    /** {@return a builder without any field yet} */
    public static Builder builder() {
        return new Builder();
    }

    /**
     * {@return the value of the first field of that name, if there is one}
     *
     * @param name a field name in any case
     */
    public Optional<String> first(String name) {
        for (Field field : fields) {
            if (field.is(name)) {
                return Optional.of(field.value());
            }
        }
        return Optional.empty();
    }

    /**
     * {@return the values of all fields of that name, in order; empty if there is none}
     *
     * @param name a field name in any case
     */
    public List<String> all(String name) {
        String only = null;
        for (int i = 0; i < fields.length; i++) {
            if (fields[i].is(name)) {
                if (only != null) {
                    return allFrom(i, name, only);
                }
                only = fields[i].value();
            }
        }
        return only == null ? List.of() : List.of(only);
    }

    private List<String> allFrom(int second, String name, String first) {
        List<String> values = new ArrayList<>();
        values.add(first);
        for (int i = second; i < fields.length; i++) {
            if (fields[i].is(name)) {
                values.add(fields[i].value());
            }
        }
        return List.copyOf(values);
    }

    /**
     * {@return whether there is a field of that name}
     *
     * @param name a field name in any case
     */
    public boolean contains(String name) {
        for (Field field : fields) {
            if (field.is(name)) {
                return true;
            }
        }
        return false;
    }

    /** {@return each name once, in order of first appearance and as spelled there} */
    public List<String> names() {
        Set<String> seen = new HashSet<>();
        List<String> names = new ArrayList<>();
        for (Field field : fields) {
            if (seen.add(HttpSyntax.toLowerCase(field.name()))) {
                names.add(field.name());
            }
        }
        return List.copyOf(names);
    }

    /** {@return the number of fields, repeated names counted each time} */
    public int size() {
        return fields.length;
    }

    /** {@return the fields in order; the iterator cannot remove} */
    @Override
    public Iterator<Field> iterator() {
        return Arrays.asList(fields).iterator();
    }

    /** {@return whether the other has the same names, ASCII case aside, with the same values in the same order} */
    @Override
    public boolean equals(Object other) {
        return other instanceof Headers headers && Arrays.equals(fields, headers.fields);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(fields);
    }

    /** {@return the names alone: values may be credentials} */
    @Override
    public String toString() {
        return "Headers" + names();
    }

    /**
     * One field, its name as spelled and its value without surrounding blanks of the wire.
     *
     * @param name a token (RFC 9110 §5.1)
     * @param value visible text, blanks, HTAB and characters 0x80 to 0xFF (RFC 9110 §5.5); may be empty
     */
    public record Field(String name, String value) {
        /**
         * Checks the name and the value.
         *
         * @throws IllegalArgumentException if either is malformed
         */
        public Field {
            if (!HttpSyntax.isToken(name)) {
                throw new IllegalArgumentException(
                        "header name " + HttpSyntax.quoted(name) + " is not a token (RFC 9110 §5.1)");
            }
            for (int i = 0; i < value.length(); i++) {
                if (!HttpSyntax.isFieldValueChar(value.charAt(i))) {
                    // The value itself stays out of the message: it may be a credential.
                    throw new IllegalArgumentException(String.format(
                            Locale.ROOT,
                            "value of header %s has U+%04X at index %d (RFC 9110 §5.5)",
                            name,
                            (int) value.charAt(i),
                            i));
                }
            }
        }

        /**
         * {@return whether this field has that name}
         *
         * @param otherName a field name in any case
         */
        public boolean is(String otherName) {
            return HttpSyntax.equalsIgnoreCase(name, otherName);
        }

        @Override
        public boolean equals(Object other) {
            return other instanceof Field field && is(field.name) && value.equals(field.value);
        }

        @Override
        public int hashCode() {
            return 31 * HttpSyntax.toLowerCase(name).hashCode() + value.hashCode();
        }

        /** {@return the name alone: the value may be a credential} */
        @Override
        public String toString() {
            return name + ": …";
        }
    }

    /** Collects fields in order. Not safe for use by several threads. */
    public static final class Builder {
        private final List<Field> fields = new ArrayList<>();

        private Builder() {}

        /**
         * Adds a field behind those already there.
         *
         * @param name a token
         * @param value the value; no control characters except HTAB
         * @return this builder
         * @throws IllegalArgumentException if either is malformed; the message names the offence
         */
        public Builder add(String name, String value) {
            fields.add(new Field(name, value));
            return this;
        }

        /**
         * Adds all fields of {@code headers}, in order.
         *
         * @param headers what to add
         * @return this builder
         */
        public Builder addAll(Headers headers) {
            Collections.addAll(fields, headers.fields);
            return this;
        }

        /**
         * Replaces all fields of that name by one, which goes to the end.
         *
         * @param name a token
         * @param value the value; no control characters except HTAB
         * @return this builder
         * @throws IllegalArgumentException if either is malformed; the message names the offence
         */
        public Builder set(String name, String value) {
            Field replacement = new Field(name, value);
            fields.removeIf(field -> field.is(name));
            fields.add(replacement);
            return this;
        }

        /** {@return the fields collected so far} */
        public Headers build() {
            return fields.isEmpty() ? EMPTY : new Headers(fields.toArray(new Field[0]));
        }
    }
}
