// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.server;

import dev.gibbon.spi.UpgradeReply;
import org.jspecify.annotations.Nullable;

/**
 * How an accepted transport is received.
 *
 * @param refusal what it gets to hear if it is one too many; null if it is served
 * @param places what it has taken, to be given back at its end
 */
public record Entry(UpgradeReply.@Nullable Refused refusal, Admission places) {
    /** That of one which is served, and does not count. */
    public static final Entry SERVED = new Entry(null, Admission.NOT_COUNTED);
}
