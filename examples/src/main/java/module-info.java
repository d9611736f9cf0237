// SPDX-License-Identifier: Apache-2.0

/** Small programs that show Gibbon at work. */
module dev.gibbon.examples {
    requires dev.gibbon;
    requires static org.jspecify;
}
