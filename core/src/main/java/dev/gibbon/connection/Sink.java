// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.connection;

/**
 * Where received messages go: to a listener, or to the mailbox of those that read. In a turn of the connection
 * only. What a sink calls may throw anything; the caller fails the connection with it.
 */
public interface Sink {
    /**
     * {@return whether it takes more now} If not it sees to it that the input goes on once it does.
     *
     * @param assembled how much of a message is put together and waits for its rest
     */
    boolean accepts(int assembled);

    /** {@return how many bytes to read at most before asking again} */
    int readBytes(int assembled);

    /** {@return up to which length a message is put together; a longer one comes in parts} */
    long wholeBytes();

    /**
     * {@return how much room may be made for a message of which so many bytes are announced and have not come}
     *
     * @param assembled how much of it has come
     */
    long reservable(long announced, int assembled);

    /** Takes a whole message; borrowed until this returns. */
    void take(ReceivedView message) throws Exception;

    /** Takes a part of a message, perhaps all of it; borrowed until this returns. */
    void takePart(ReceivedView part) throws Exception;

    /** There is room for writes again. */
    void writable() throws Exception;

    /** {@return what of the application was called last, for the log} */
    String called();

    /** A turn has ended in which something may have been taken. */
    void settle();

    /** No more comes. */
    void end();

    /** The stream is gone: what is held counts no more for other connections. In a turn. */
    void release();

    /** The connection has ended: the last call. */
    void gone();
}
