// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.bench.peers;

import java.util.ArrayList;
import java.util.List;

/** A table of a Markdown page: the first column to the left, the others, being figures, to the right. */
final class MarkdownTable {
    private final List<List<String>> rows = new ArrayList<>();
    private final int columns;
    private final boolean figures;

    private MarkdownTable(boolean figures, List<String> header) {
        this.figures = figures;
        columns = header.size();
        rows.add(List.copyOf(header));
    }

    static MarkdownTable ofFigures(List<String> header) {
        return new MarkdownTable(true, header);
    }

    static MarkdownTable ofText(List<String> header) {
        return new MarkdownTable(false, header);
    }

    void add(List<String> cells) {
        if (cells.size() != columns) {
            throw new IllegalArgumentException(cells.size() + " cells in a table of " + columns + " columns");
        }
        rows.add(List.copyOf(cells));
    }

    /** {@return the lines of the table; what would end a cell or a row is escaped} */
    String render() {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < rows.size(); i++) {
            text.append('|');
            for (String cell : rows.get(i)) {
                text.append(' ').append(escape(cell)).append(" |");
            }
            text.append('\n');
            if (i == 0) {
                text.append("|---|")
                        .repeat(figures ? "---:|" : "---|", columns - 1)
                        .append('\n');
            }
        }
        return text.toString();
    }

    /** {@return text of another program as it can stand in a cell} */
    private static String escape(String cell) {
        return cell.replaceAll("\\p{Cntrl}+", " ").replace("|", "\\|");
    }
}
