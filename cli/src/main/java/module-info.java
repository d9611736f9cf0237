// SPDX-License-Identifier: Apache-2.0

/** The {@code gibbon} command. */
@SuppressWarnings("requires-automatic") // HdrHistogram names no module, so its jar's file name does.
module dev.gibbon.cli {
    requires HdrHistogram;
    requires dev.gibbon;
    requires info.picocli;
    requires java.logging;
    requires java.management;
    requires jdk.management; // The CPU time of this process, for `load`.
    requires jdk.unsupported; // JLine is told of signals through it, and would do without in silence.
    requires org.jline.reader;
    requires org.jline.terminal;
    requires static org.jspecify;

    opens dev.gibbon.cli to
            info.picocli;
}
