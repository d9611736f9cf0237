// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.examples.compression;

import dev.gibbon.PermessageDeflate;

/**
 * What a connection is opened with.
 *
 * @param deflate how it compresses
 * @param streaming whether messages are echoed piece by piece instead of whole
 */
record Settings(PermessageDeflate deflate, boolean streaming) {
    /**
     * {@return the settings that a line of words names, such as {@code level=6 serverMaxWindowBits=10 liveStreams};
     * what is not named has its default}
     *
     * @param line the words, with a space between each two
     * @throws IllegalArgumentException if a word is unknown or a value out of range
     */
    static Settings parse(String line) {
        PermessageDeflate.Builder deflate = PermessageDeflate.builder();
        boolean streaming = false;
        for (String word : line.strip().split(" +", -1)) {
            int equals = word.indexOf('=');
            String name = equals < 0 ? word : word.substring(0, equals);
            String value = equals < 0 ? "" : word.substring(equals + 1);
            switch (name) {
                case "" -> {} // An empty line: every default.
                case "level" -> deflate.level(Integer.parseInt(value));
                case "thresholdBytes" -> deflate.thresholdBytes(Integer.parseInt(value));
                case "serverNoContextTakeover" -> deflate.serverNoContextTakeover(true);
                case "clientNoContextTakeover" -> deflate.clientNoContextTakeover(true);
                case "serverMaxWindowBits" -> deflate.serverMaxWindowBits(Integer.parseInt(value));
                case "clientMaxWindowBits" -> deflate.clientMaxWindowBits(Integer.parseInt(value));
                case "strictClientWindow" -> deflate.strictClientWindow(true);
                case "liveStreams" -> deflate.liveStreams(true);
                case "streaming" -> streaming = true;
                default -> throw new IllegalArgumentException("no setting: " + word);
            }
        }
        return new Settings(deflate.build(), streaming);
    }
}
