// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.netty;

import java.util.Optional;

/**
 * The target of a request of HTTP/1.1 (RFC 9112 §3.2).
 *
 * @param origin path and query
 * @param authority that of the absolute form, which goes before the Host field
 */
record Http1Target(String origin, Optional<String> authority) {
    /** {@return a target as sent} */
    static Http1Target of(String target) {
        int scheme = target.indexOf("://");
        if (target.startsWith("/") || scheme < 0) {
            return new Http1Target(target, Optional.empty());
        }
        int begin = scheme + "://".length();
        int end = begin;
        while (end < target.length() && "/?#".indexOf(target.charAt(end)) < 0) {
            end++;
        }
        String origin = target.substring(end);
        return new Http1Target(
                origin.startsWith("/") ? origin : "/" + origin, Optional.of(target.substring(begin, end)));
    }
}
