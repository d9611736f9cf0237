// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.cli;

import java.util.Map;
import org.jline.utils.AttributedString;
import org.jline.utils.AttributedStyle;

/** Colours by direction, or none. */
enum Palette {
    COLOURED,
    PLAIN;

    /** What a line on the terminal is about. */
    enum Kind {
        SENT,
        RECEIVED,
        CONTROL,
        STATUS,
        WRONG
    }

    /** {@return colours, unless the environment has NO_COLOR, not empty, or a terminal that knows none} */
    static Palette of(Map<String, String> environment) {
        boolean unwanted = !environment.getOrDefault("NO_COLOR", "").isEmpty();
        boolean unable = environment.getOrDefault("TERM", "dumb").equals("dumb");
        return unwanted || unable ? PLAIN : COLOURED;
    }

    /** {@return the text in the colour of its kind; no escape sequence in it has any effect} */
    AttributedString paint(Kind kind, String text) {
        return this == PLAIN ? new AttributedString(text) : new AttributedString(text, style(kind));
    }

    private static AttributedStyle style(Kind kind) {
        AttributedStyle plain = AttributedStyle.DEFAULT;
        return switch (kind) {
            case SENT -> plain.foreground(AttributedStyle.GREEN);
            case RECEIVED -> plain.foreground(AttributedStyle.CYAN);
            case CONTROL -> plain.foreground(AttributedStyle.YELLOW);
            case STATUS -> plain.faint();
            case WRONG -> plain.foreground(AttributedStyle.RED);
        };
    }
}
