// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import java.io.InputStream;
import java.io.OutputStream;

/**
 * A connection seen as two streams of bytes.
 *
 * @param input the payloads of all messages, end to end; ends when
 *     the peer closes cleanly. For one thread, as reading is.
 * @param output each write is one binary message; closing it does the closing handshake
 */
public record ByteStreams(InputStream input, OutputStream output) {}
