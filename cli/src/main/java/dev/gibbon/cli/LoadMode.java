// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.cli;

import java.util.Locale;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** What {@code gibbon load} does with its connections. */
enum LoadMode {
    /** Each connection keeps messages in flight and has every one echoed. */
    ECHO,
    /** One connection sends, and the server passes it on to all. */
    BROADCAST,
    /** Connections are opened and closed again. */
    HANDSHAKE,
    /** Connections are opened and left alone. */
    IDLE;

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** Lets picocli read modes. */
    static final class Converter implements ITypeConverter<LoadMode> {
        @Override
        public LoadMode convert(String value) {
            for (LoadMode mode : values()) {
                if (mode.toString().equals(value)) {
                    return mode;
                }
            }
            throw new TypeConversionException("'" + value + "' is none of echo, broadcast, handshake, idle");
        }
    }
}
