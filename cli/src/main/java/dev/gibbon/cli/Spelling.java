// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.cli;

import java.util.Comparator;
import java.util.Optional;
import java.util.stream.Stream;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/** What somebody meant who typed a word that a command does not know. */
final class Spelling {
    /** Letters that may be missing, too many, wrong, or swapped with the next. */
    private static final int MAX_MISTAKES = 2;

    private Spelling() {}

    /** {@return the option, or the subcommand, that is most like the word, if one is like it} */
    static Optional<String> meant(CommandSpec command, String word) {
        String name = word.contains("=") ? word.substring(0, word.indexOf('=')) : word;
        Stream<String> known = name.startsWith("-")
                ? command.options().stream().map(OptionSpec::longestName)
                : command.subcommands().keySet().stream();
        return known.filter(each -> mistakes(name, each) <= Math.min(MAX_MISTAKES, letters(name) / 2))
                .min(Comparator.comparingInt(each -> mistakes(name, each)));
    }

    private static int letters(String name) {
        return (int) name.chars().filter(Character::isLetter).count();
    }

    /** {@return the least number of mistakes between two words; no letter is part of two (optimal string alignment)} */
    private static int mistakes(String typed, String known) {
        int[][] best = new int[typed.length() + 1][known.length() + 1];
        for (int i = 0; i <= typed.length(); i++) {
            for (int j = 0; j <= known.length(); j++) {
                if (i == 0 || j == 0) {
                    best[i][j] = i + j;
                    continue;
                }
                boolean same = typed.charAt(i - 1) == known.charAt(j - 1);
                int wrong = best[i - 1][j - 1] + (same ? 0 : 1);
                best[i][j] = Math.min(wrong, 1 + Math.min(best[i - 1][j], best[i][j - 1]));
                boolean swapped = i > 1
                        && j > 1
                        && typed.charAt(i - 1) == known.charAt(j - 2)
                        && typed.charAt(i - 2) == known.charAt(j - 1);
                if (swapped) {
                    best[i][j] = Math.min(best[i][j], 1 + best[i - 2][j - 2]);
                }
            }
        }
        return best[typed.length()][known.length()];
    }
}
