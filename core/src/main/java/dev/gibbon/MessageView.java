// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import dev.gibbon.connection.ReceivedView;
import java.nio.ByteBuffer;

/**
 * A message, or a part of one, that a {@link Listener} may look at until its call returns: the bytes lie where they
 * were received and the next message overwrites them. Copies are made only where asked for. For the listener's thread.
 */
public sealed interface MessageView permits ReceivedView {
    /** {@return whether this is text or binary} */
    MessageType type();

    /** {@return whether this is text} */
    boolean isText();

    /** {@return how many bytes there are} */
    int length();

    /** {@return whether these bytes begin the message; always so unless this is a part} */
    boolean isFirst();

    /** {@return whether these bytes end the message; always so unless this is a part} */
    boolean isLast();

    /**
     * {@return the bytes themselves, UTF-8 for text, from position
     * 0 to the limit; borrowed until the listener's call returns}
     *
     * @throws IllegalStateException if that has returned
     */
    ByteBuffer bytes();

    /**
     * {@return a copy of the bytes, the caller's to keep}
     *
     * @throws IllegalStateException if the listener's call has returned
     */
    byte[] toByteArray();

    /**
     * {@return what a text message says, the caller's to keep}
     *
     * @throws IllegalStateException if this is binary, or part of a message, or the listener's call has returned
     */
    String text();

    /**
     * {@return a copy, the caller's to keep}
     *
     * @throws IllegalStateException if this is part of a message, or the listener's call has returned
     */
    Message toMessage();
}
