// SPDX-License-Identifier: Apache-2.0

import java.util.ArrayList;
import java.util.List;

/**
 * What the formatter does not hold: no line beyond 120 columns, no comment of its own lines beyond 100. The formatter
 * leaves Javadoc and long literals as they are, and breaks a comment at column 120 whatever that does to its sentence;
 * so a comment that it broke, or would break, is a fault here.
 */
final class SourceLines {
    static final int MAX_COLUMNS = 120;
    static final int MAX_COMMENT_COLUMNS = 100;

    record Fault(int line, String what) {}

    private final List<Fault> faults = new ArrayList<>();
    private boolean inBlockComment;
    private boolean inTextBlock;
    private boolean afterTrailingComment;

    private SourceLines() {}

    static List<Fault> faults(String source) {
        SourceLines lines = new SourceLines();
        int number = 0;
        for (String line : source.split("\n", -1)) {
            lines.look(++number, line);
        }
        return lines.faults;
    }

    private void look(int number, String line) {
        int columns = line.codePointCount(0, line.length());
        int comment = lineComment(line);
        boolean ownLine = comment >= 0 && line.substring(0, comment).isBlank();
        if (columns > MAX_COLUMNS) {
            fault(number, columns + " columns, of " + MAX_COLUMNS);
        } else if (ownLine && columns > MAX_COMMENT_COLUMNS) {
            fault(number, "a comment of " + columns + " columns, of " + MAX_COMMENT_COLUMNS);
        }
        if (ownLine && afterTrailingComment) {
            fault(number, "goes on with the comment behind the code above: give all of it lines of its own");
        }
        afterTrailingComment = comment >= 0 && !ownLine;
    }

    /** {@return where a comment to the end of the line begins, -1 if none does} Strings hold none. */
    private int lineComment(String line) {
        char quote = 0;
        for (int i = 0; i < line.length(); i++) {
            if (inBlockComment) {
                if (line.startsWith("*/", i)) {
                    inBlockComment = false;
                    i++;
                }
            } else if (line.startsWith("\"\"\"", i) && quote == 0) {
                inTextBlock = !inTextBlock;
                i += 2;
            } else if (line.charAt(i) == '\\') {
                i++;
            } else if (inTextBlock) {
                continue;
            } else if (quote != 0) {
                quote = line.charAt(i) == quote ? 0 : quote;
            } else if (line.charAt(i) == '"' || line.charAt(i) == '\'') {
                quote = line.charAt(i);
            } else if (line.startsWith("/*", i)) {
                inBlockComment = true;
                i++;
            } else if (line.startsWith("//", i)) {
                return i;
            }
        }
        return -1;
    }

    private void fault(int line, String what) {
        faults.add(new Fault(line, what));
    }
}
