// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.server;

import dev.gibbon.connection.MessageQuota;
import dev.gibbon.support.Rate;
import org.jspecify.annotations.Nullable;

/**
 * What each client of a kind may have.
 *
 * @param connections how many may be open
 * @param handshakes how many opening handshakes there may be; null for any
 * @param messages how many messages may come; null for any
 */
public record Limits(int connections, @Nullable Rate handshakes, MessageQuota.@Nullable Terms messages) {}
