// SPDX-License-Identifier: Apache-2.0

/** Messages of Gibbon's connections that are JSON, by Jackson 3. */
module dev.gibbon.jackson {
    requires transitive dev.gibbon;
    requires transitive tools.jackson.databind;
    requires static org.jspecify;

    exports dev.gibbon.jackson;
}
