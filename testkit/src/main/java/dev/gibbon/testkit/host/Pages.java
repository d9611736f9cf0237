// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.testkit.host;

import dev.gibbon.testkit.Frame;
import java.nio.ByteBuffer;

/** Numbered messages of 64 KiB, of which many are sent. */
final class Pages {
    static final int BYTES = 64 * 1024;

    /** More than the buffers of two TCP sockets, of a host and of Gibbon hold together. */
    static final int MANY = 600;

    /** How many may be under way to a peer that does not read: 24 MiB, most of it in the system's socket buffers. */
    static final int BOUND = 384;

    private Pages() {}

    static byte[] page(int number) {
        byte[] page = new byte[BYTES];
        ByteBuffer.wrap(page).putInt(number);
        return page;
    }

    static int number(byte[] page) {
        return ByteBuffer.wrap(page).getInt();
    }

    static Frame frame(int number) {
        return Frame.binary(page(number));
    }
}
