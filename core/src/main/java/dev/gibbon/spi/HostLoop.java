// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.spi;

/**
 * An event thread of a host on which connections run: made by {@link dev.gibbon.WebSocketHost#loop} and handed out
 * by {@link AsyncStream#loop}. There is nothing to call, and nobody else implements it.
 */
public interface HostLoop {}
