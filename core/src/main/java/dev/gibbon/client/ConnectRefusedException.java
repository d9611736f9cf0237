// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.client;

import dev.gibbon.Headers;
import dev.gibbon.http.HttpSyntax;
import dev.gibbon.http.ResponseHead;

/** An HTTP proxy answered CONNECT with another status than 2xx (RFC 9110 §9.3.6). */
public final class ConnectRefusedException extends ProxyException {
    /** The proxy asks for other credentials, by its {@code Proxy-Authenticate} fields (RFC 9110 §15.5.8). */
    public static final int PROXY_AUTHENTICATION_REQUIRED = 407;

    private static final long serialVersionUID = 1L;

    private final int status;
    private final transient Headers headers;
    private final byte[] body;

    ConnectRefusedException(ResponseHead head, byte[] body) {
        super("proxy answered CONNECT with " + head.status() + " " + HttpSyntax.quoted(head.reason())
                + " (RFC 9110 §9.3.6)");
        this.status = head.status();
        this.headers = head.headers();
        this.body = body.clone();
    }

    /** {@return the status, 101 or 300 to 599} */
    public int status() {
        return status;
    }

    /** {@return the fields of the reply} */
    public Headers headers() {
        return headers;
    }

    /** {@return the first bytes of the reply's body as sent, decoded only from its chunks; a copy} */
    public byte[] body() {
        return body.clone();
    }
}
