// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import java.net.URI;

/** An open connection, and how it came about. */
public sealed interface DialResult permits DialResultRecord {
    /** {@return the open connection} */
    Connection connection();

    /** {@return the headers of the server's reply, the 101} */
    Headers headers();

    /** {@return the {@code ws} or {@code wss} URI connected to in the end, which redirects may have changed} */
    URI uri();
}
