// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.reconnect;

import dev.gibbon.ConnectionClosedException;
import dev.gibbon.DialResult;
import dev.gibbon.Message;
import java.time.Duration;

/**
 * Is told how a {@link ReconnectingClient} fares. All but {@link #dropped} are called in order on the client's own
 * thread, which does nothing else meanwhile: be quick. What a listener throws is logged and changes nothing.
 */
public interface ReconnectListener {
    /**
     * A connection is open and the resume hook has run.
     *
     * @param result the connection, which the client reads and writes, and how it came about
     */
    default void connected(DialResult result) {}

    /**
     * The connection that was {@link #connected} is gone.
     *
     * @param cause how it ended: {@link ConnectionClosedException} with
     *     the close code for all that the peer said, 1006 if it was lost
     */
    default void disconnected(Exception cause) {}

    /**
     * Another try will be made.
     *
     * @param cause why there is no connection
     * @param delay in how long
     * @param retry the number of tries since a connection last was stable, this one included: 1, 2, …
     */
    default void retrying(Exception cause, Duration delay, int retry) {}

    /**
     * A message was thrown away for newer ones ({@link ReconnectingClient.OutboxPolicy#DROP_OLDEST}).
     * Called on the thread that sends the newer one.
     *
     * @param message what will not be sent
     */
    default void dropped(Message message) {}

    /**
     * No further try will be made. Not called if {@link ReconnectingClient#close()} ended it.
     *
     * @param cause why
     */
    default void gaveUp(Exception cause) {}
}
