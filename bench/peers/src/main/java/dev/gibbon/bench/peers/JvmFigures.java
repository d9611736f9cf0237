// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.bench.peers;

import org.jspecify.annotations.Nullable;

/**
 * What a server's JVM told about itself in a run.
 *
 * @param windowSeconds the part of the measured time that the following are about; absent if there was none to be had
 * @param collections garbage collections in it
 * @param collectionMillis their time
 * @param allocatedBytesPerMessage allocated in it by all threads,
 *     without what the asking itself costs, divided by its messages
 * @param heapBytesPerConnection what the connections of an idle run hold in the heap, after a collection
 */
record JvmFigures(
        @Nullable Double windowSeconds,
        @Nullable Long collections,
        @Nullable Long collectionMillis,
        @Nullable Double allocatedBytesPerMessage,
        @Nullable Double heapBytesPerConnection) {}
