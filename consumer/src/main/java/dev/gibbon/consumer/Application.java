// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.consumer;

import dev.gibbon.CloseCode;

/** Uses the exported API the way a modular application does. */
final class Application {
    private Application() {}

    static String farewell() {
        return CloseCode.GOING_AWAY.toString();
    }
}
