// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.peers.common;

import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * What the runner asks of a rival: the words after `serve` and the variables of its environment.
 *
 * @param port where to listen, on every IPv4 address
 * @param tls the certificate and key to speak TLS with, or empty for plain TCP
 * @param loops how many event loops or workers there may be, or empty for the library's own choice
 * @param deflate whether permessage-deflate is negotiated, without context takeover unless the next one says otherwise
 * @param takeover whether it is negotiated with context takeover, as far as the library goes unless told otherwise
 * @param deflateLevel the level of compression of those rivals that let one choose
 */
public record Settings(
        int port, Optional<Pem> tls, OptionalInt loops, boolean deflate, boolean takeover, int deflateLevel) {
    /** The largest message a rival must take. */
    public static final int MAX_MESSAGE_BYTES = 64 << 20;

    /** How many connections may wait to be accepted; the kernel has its own bound besides. */
    public static final int BACKLOG = 4096;

    /** {@return the settings in the words {@code PORT [CERT KEY]} and in the environment} */
    public static Settings of(String... words) {
        if (words.length != 1 && words.length != 3) {
            throw new IllegalArgumentException("usage: serve PORT [CERT.pem KEY.pem]");
        }
        Optional<Pem> tls =
                words.length == 1 ? Optional.empty() : Optional.of(new Pem(Path.of(words[1]), Path.of(words[2])));
        String loops = System.getenv().getOrDefault("PEERS_LOOPS", "");
        String deflate = System.getenv().getOrDefault("PEERS_DEFLATE", "");
        String level = System.getenv().getOrDefault("PEERS_DEFLATE_LEVEL", "1");
        return new Settings(
                Integer.parseInt(words[0]),
                tls,
                loops.isEmpty() ? OptionalInt.empty() : OptionalInt.of(Integer.parseInt(loops)),
                deflate.equals("1") || deflate.equals("takeover"),
                deflate.equals("takeover"),
                Integer.parseInt(level));
    }

    /** Tells the runner that connections are accepted. */
    public static void ready() {
        System.out.println("ready");
        System.out.flush();
    }
}
