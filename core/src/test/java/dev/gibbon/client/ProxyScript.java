// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.client;

import dev.gibbon.Role;
import dev.gibbon.testkit.MemoryTransport;
import dev.gibbon.testkit.Splitter;
import dev.gibbon.testkit.TransportPair;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * A proxy that has all its replies written, and perhaps its stream ended, before it is asked: so nothing has to wait.
 */
final class ProxyScript {
    private static final int CAPACITY = 256 * 1024;

    private final TransportPair pair;

    private ProxyScript(Splitter splitter, byte[] replies) throws IOException {
        pair = TransportPair.builder()
                .capacity(CAPACITY)
                .reads(Role.CLIENT, splitter)
                .writes(Role.CLIENT, splitter)
                .build();
        ProxyStream.write(pair.server(), replies);
    }

    /** The proxy stays after its replies: to read on would block. */
    static ProxyScript staying(Splitter splitter, byte[] replies) throws IOException {
        return new ProxyScript(splitter, replies);
    }

    /** The proxy ends its stream behind its replies. */
    static ProxyScript leaving(Splitter splitter, byte[] replies) throws IOException {
        ProxyScript script = new ProxyScript(splitter, replies);
        script.pair.server().shutdownOutput();
        return script;
    }

    MemoryTransport transport() {
        return pair.client();
    }

    /** {@return all that the proxy was sent} */
    byte[] sent() throws IOException {
        ByteBuffer sent = ByteBuffer.allocate(pair.server().available());
        while (sent.hasRemaining()) {
            int _ = pair.server().read(sent);
        }
        return sent.array();
    }

    /** {@return how many bytes of the replies were left on the transport} */
    int unread() {
        return pair.client().available();
    }

    static byte[] latin(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    static String latin(byte[] bytes) {
        return new String(bytes, StandardCharsets.ISO_8859_1);
    }

    static String latin(ByteBuffer bytes) {
        return StandardCharsets.ISO_8859_1.decode(bytes).toString();
    }
}
