// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.testkit.host;

import org.junit.jupiter.api.AfterEach;

/** Tests of a suite, each of which leaves the shared servers as it found them. */
abstract class SharedTests {
    final HostSuite suite;

    SharedTests(HostSuite suite) {
        this.suite = suite;
    }

    @AfterEach
    void nothingIsLeft() throws Exception {
        for (Scene scene : suite.started()) {
            scene.awaitNone();
            scene.awaitIdle();
        }
    }
}
