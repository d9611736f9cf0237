// SPDX-License-Identifier: Apache-2.0

/** The {@code gibbon} command. */
module dev.gibbon.cli {
    requires dev.gibbon;
    requires info.picocli;
    requires java.logging;
    requires static org.jspecify;

    opens dev.gibbon.cli to
            info.picocli;
}
