// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.testkit.host;

/** A face behind a wire: what most tests are run with. */
enum Way {
    PLAIN_HANDLER(Wire.PLAIN, Face.HANDLER),
    PLAIN_LISTENER(Wire.PLAIN, Face.LISTENER),
    TLS_HANDLER(Wire.TLS, Face.HANDLER),
    TLS_LISTENER(Wire.TLS, Face.LISTENER);

    final Wire wire;
    final Face face;

    Way(Wire wire, Face face) {
        this.wire = wire;
        this.face = face;
    }
}
