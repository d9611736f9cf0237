// SPDX-License-Identifier: Apache-2.0

/** The {@code gibbon} command. */
module dev.gibbon.cli {
    requires dev.gibbon;
    requires info.picocli;
    requires java.logging;
    requires jdk.unsupported; // JLine is told of signals through it, and would do without in silence.
    requires org.jline.reader;
    requires org.jline.terminal;
    requires static org.jspecify;

    opens dev.gibbon.cli to
            info.picocli;
}
