// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.extension;

import dev.gibbon.MessageType;
import java.util.Objects;

record PermessageDeflateRecord(
        int level,
        boolean serverNoContextTakeover,
        boolean clientNoContextTakeover,
        int serverMaxWindowBits,
        int clientMaxWindowBits,
        int thresholdBytes,
        Condition condition,
        boolean liveStreams)
        implements PermessageDeflate {
    PermessageDeflateRecord {
        requireRange("level", level, 1, 9);
        requireRange("serverMaxWindowBits", serverMaxWindowBits, MIN_WINDOW_BITS, MAX_WINDOW_BITS);
        requireRange("clientMaxWindowBits", clientMaxWindowBits, MIN_WINDOW_BITS, MAX_WINDOW_BITS);
        requireRange("thresholdBytes", thresholdBytes, 0, Integer.MAX_VALUE);
        Objects.requireNonNull(condition, "condition");
    }

    private static void requireRange(String name, int value, int least, int most) {
        if (value < least || value > most) {
            throw new IllegalArgumentException(name + " " + value + " is not from " + least + " to " + most);
        }
    }

    @Override
    public boolean compresses(MessageType type, long length) {
        return length >= thresholdBytes && condition.compress(type, length);
    }

    @Override
    public Builder toBuilder() {
        return new Builder(this);
    }
}
