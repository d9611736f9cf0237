// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.cli;

import java.security.cert.CertPathBuilderException;
import java.security.cert.CertificateException;
import java.security.cert.CertificateExpiredException;
import java.security.cert.CertificateNotYetValidException;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/** Why TLS came to nothing, in words for somebody who did not write the JDK, and what helps. */
final class TlsFailure {
    private TlsFailure() {}

    /** {@return the line} */
    static String line(SSLException failure) {
        if (find(failure, CertPathBuilderException.class) != null) {
            return "TLS failed: nobody that is trusted here vouches for the server's certificate; "
                    + "--cacert FILE names who does, -k trusts anyone";
        }
        CertificateException expired = find(failure, CertificateExpiredException.class);
        CertificateException early = find(failure, CertificateNotYetValidException.class);
        CertificateException other = find(failure, CertificateException.class);
        if (expired != null || early != null) {
            return "TLS failed: the server's certificate is " + (expired != null ? "no longer" : "not yet") + " valid ("
                    + message(expired != null ? expired : early) + "); -k trusts any";
        }
        if (other != null) {
            return "TLS failed: " + message(other) + "; -k trusts any certificate";
        }
        String message = message(failure);
        if (message.contains("plaintext connection")) { // The JDK has no type for it.
            return "cannot connect: the server speaks no TLS on this port; try ws://";
        }
        return (message.endsWith("try wss://") ? "cannot connect: " : "TLS failed: ") + message;
    }

    private static <T extends Throwable> @Nullable T find(Throwable failure, Class<T> kind) {
        for (@Nullable Throwable link = failure; link != null; link = link.getCause()) {
            if (kind.isInstance(link)) {
                return kind.cast(link);
            }
        }
        return null;
    }

    private static String message(@Nullable Throwable failure) {
        return failure == null ? "" : Visible.of(String.valueOf(failure.getMessage()));
    }
}
