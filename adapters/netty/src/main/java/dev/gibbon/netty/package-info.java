// SPDX-License-Identifier: Apache-2.0

/** Gibbon's WebSockets in the pipelines of Netty: {@link dev.gibbon.netty.GibbonNetty} is where to begin. */
@NullMarked
package dev.gibbon.netty;

import org.jspecify.annotations.NullMarked;
