// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.extension;

import dev.gibbon.MessageType;
import java.util.Objects;
import java.util.OptionalInt;

record PermessageDeflateRecord(
        int level,
        boolean serverNoContextTakeover,
        boolean clientNoContextTakeover,
        OptionalInt serverMaxWindowBits,
        OptionalInt clientMaxWindowBits,
        boolean strictClientWindow,
        long unboundedWindowBytes,
        int thresholdBytes,
        Condition condition,
        boolean liveStreams)
        implements PermessageDeflate {
    PermessageDeflateRecord {
        requireRange("level", level, 1, 9);
        serverMaxWindowBits.ifPresent(
                bits -> requireRange("serverMaxWindowBits", bits, MIN_WINDOW_BITS, MAX_WINDOW_BITS));
        clientMaxWindowBits.ifPresent(
                bits -> requireRange("clientMaxWindowBits", bits, MIN_WINDOW_BITS, MAX_WINDOW_BITS));
        requireRange("thresholdBytes", thresholdBytes, 0, Integer.MAX_VALUE);
        if (unboundedWindowBytes < 0) {
            throw new IllegalArgumentException("unboundedWindowBytes " + unboundedWindowBytes + " is less than 0");
        }
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
