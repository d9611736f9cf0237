// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.connection;

import java.nio.ByteBuffer;

/** What a turn works with and no connection keeps: it belongs to the thread of the turn. In a turn only. */
public interface Workspace {
    /** {@return the buffer that all reads share, empty} */
    ByteBuffer receiveBuffer();

    /** {@return the buffer into which a step of a compressed message is inflated, empty} */
    ByteBuffer inflateBuffer();

    /** {@return the view that messages are shown by} */
    ReceivedView view();

    /** {@return where messages are put together that do not come in one read} */
    AssemblyBuffers assemblies();

    /** {@return an empty batch} */
    SendBatch leaseBatch();

    /** Takes a batch back. */
    void release(SendBatch batch);
}
