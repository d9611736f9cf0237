// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.connection;

import dev.gibbon.protocol.MaskingKeys;
import java.nio.ByteBuffer;
import java.security.SecureRandom;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Masking keys from the platform's cryptographic generator, drawn
 * in bulk since each draw costs more than a frame. Any thread.
 */
public final class SecureMaskingKeys implements MaskingKeys {
    private static final int KEYS_PER_DRAW = 256;

    private final SecureRandom random = new SecureRandom();
    private final ReentrantLock lock = new ReentrantLock();

    // Guarded by lock.
    private final byte[] bulk = new byte[KEYS_PER_DRAW * Integer.BYTES];
    private final ByteBuffer keys = ByteBuffer.wrap(bulk).position(bulk.length);

    /** Draws nothing until the first key is asked for. */
    public SecureMaskingKeys() {}

    @Override
    public int next() {
        lock.lock();
        try {
            if (!keys.hasRemaining()) {
                random.nextBytes(bulk);
                keys.clear();
            }
            return keys.getInt();
        } finally {
            lock.unlock();
        }
    }
}
