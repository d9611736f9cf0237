// SPDX-License-Identifier: Apache-2.0

/** Small programs that show Gibbon at work. */
module dev.gibbon.examples {
    requires dev.gibbon;
    requires dev.gibbon.jackson;
    requires static org.jspecify;

    opens dev.gibbon.examples.prices to
            tools.jackson.databind; // Its records, to be read and written.
}
