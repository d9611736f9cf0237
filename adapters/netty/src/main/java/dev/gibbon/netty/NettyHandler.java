// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.netty;

/** Answers the requests of a {@linkplain GibbonNetty.Builder#handle route}, each with regard to what it asks. */
@FunctionalInterface
public interface NettyHandler {
    /**
     * Answers a request, by {@link NettyRequest#listen}, {@link NettyRequest#serve} or {@link NettyRequest#respond}: at
     * once, or later and on any thread. Called on an event loop of Netty, which serves other connections too: it must
     * not block.
     *
     * @param request what the client sent
     * @throws Exception anything: it is logged with its stack, and the client gets 500
     */
    void handle(NettyRequest request) throws Exception;
}
