// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.cli;

import java.io.IOException;

/** The two streams of this program that may be a terminal or not. */
enum StandardStream {
    INPUT(0),
    OUTPUT(1);

    private final int descriptor;

    StandardStream(int descriptor) {
        this.descriptor = descriptor;
    }

    /**
     * {@return whether it is a terminal} {@code System.console()} tells
     * only whether both are. Asks test(1), as a shell script would.
     */
    boolean isTerminal() throws InterruptedException {
        try {
            String number = Integer.toString(descriptor);
            return new ProcessBuilder("test", "-t", number).inheritIO().start().waitFor() == 0;
        } catch (IOException _) {
            return true; // No such program. What is shown is escaped, then.
        }
    }
}
