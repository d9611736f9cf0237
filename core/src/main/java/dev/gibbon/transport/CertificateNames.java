// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.transport;

import dev.gibbon.http.HttpSyntax;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.util.Collection;
import java.util.List;

/**
 * Whether a certificate names a host (RFC 9525 §6.3), for host names that the JDK's own check cannot take: those
 * with an underscore, for example. The subject's common name does not count.
 */
final class CertificateNames {
    /**
     * The kind of a subjectAltName that is a DNS name, as {@link X509Certificate#getSubjectAlternativeNames}
     * numbers it.
     */
    private static final int DNS_NAME = 2;

    private static final String WILDCARD = "*.";

    private CertificateNames() {}

    /** {@return whether one of the certificate's DNS names is that of {@code host}, which has no trailing dot} */
    static boolean name(X509Certificate certificate, String host) {
        Collection<List<?>> names;
        try {
            names = certificate.getSubjectAlternativeNames();
        } catch (CertificateParsingException _) {
            return false; // What cannot be read names nobody.
        }
        return names != null
                && names.stream()
                        .filter(name -> Integer.valueOf(DNS_NAME).equals(name.get(0)))
                        .anyMatch(name -> matches(String.valueOf(name.get(1)), host));
    }

    /** A wildcard stands for one whole label, the first, and never right under a top-level domain. */
    private static boolean matches(String pattern, String host) {
        if (!pattern.startsWith(WILDCARD)) {
            return HttpSyntax.equalsIgnoreCase(pattern, host);
        }
        String parent = pattern.substring(1);
        int firstDot = host.indexOf('.');
        return firstDot > 0
                && parent.indexOf('.', 1) > 0
                && HttpSyntax.equalsIgnoreCase(parent, host.substring(firstDot));
    }
}
