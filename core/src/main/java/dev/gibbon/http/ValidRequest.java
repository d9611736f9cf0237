// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.http;

import dev.gibbon.spi.UpgradeRequest;
import java.util.List;

/**
 * A request whose target, host and body framing were checked: what a server may act on.
 *
 * @param head the head as read
 * @param target the target's parts
 * @param host the authority of the target if it has one, else the Host field; empty only in HTTP/1.0 without either
 * @param framing how the body is delimited
 */
public record ValidRequest(RequestHead head, RequestTarget target, String host, BodyFraming framing) {
    /**
     * {@return the request that {@code head} makes}
     *
     * @param head a head as the parser gives it
     * @throws HttpHeadException with 400 if target, Host or body framing is malformed or ambiguous
     */
    public static ValidRequest of(RequestHead head) throws HttpHeadException {
        RequestTarget target = RequestTarget.parse(head.target());
        String hostField = hostField(head);
        // An absolute-form target overrules Host, which
        // must be valid all the same (RFC 9112 §3.2.2).
        String host = target.authority().orElse(hostField);
        return new ValidRequest(head, target, host, BodyFraming.of(head.version(), head.headers()));
    }

    /** {@return the same for the host that the client asked a proxy for} */
    public ValidRequest at(String asked) {
        return new ValidRequest(head, target, asked, framing);
    }

    /**
     * {@return what the opening handshake looks at}
     *
     * @param secure whether the request came over TLS that ends here
     */
    public UpgradeRequest openingRequest(boolean secure) {
        return UpgradeRequest.http(head.method(), head.version(), host, secure, head.headers());
    }

    private static String hostField(RequestHead head) throws HttpHeadException {
        List<String> hosts = head.headers().all("Host");
        boolean required = head.version().equals(HttpVersion.HTTP_1_1);
        if (hosts.size() > 1 || (hosts.isEmpty() && required)) {
            throw new HttpHeadException(400, hosts.size() + " Host fields, not 1 (RFC 9112 §3.2)");
        }
        if (!hosts.isEmpty() && !Authority.isValid(hosts.getFirst())) {
            throw new HttpHeadException(
                    400, "malformed Host " + HttpSyntax.quoted(hosts.getFirst()) + " (RFC 9112 §3.2)");
        }
        return hosts.isEmpty() ? "" : hosts.getFirst();
    }
}
