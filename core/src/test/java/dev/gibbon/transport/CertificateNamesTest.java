// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.transport;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CertificateNamesTest {
    /** Its common name is common_name.test; its names are those of the test, 127.0.0.1 and x_y@mail_host.test. */
    private static final String PEM = """
            -----BEGIN CERTIFICATE-----
            MIIB5TCCAYygAwIBAgIUeGtNcABgw7la6lISsrUo6tulRwcwCgYIKoZIzj0EAwIw
            GzEZMBcGA1UEAwwQY29tbW9uX25hbWUudGVzdDAeFw0yNjExMjgwOTQyMDBaFw0z
            NjExMjUwOTQyMDBaMBsxGTAXBgNVBAMMEGNvbW1vbl9uYW1lLnRlc3QwWTATBgcq
            hkjOPQIBBggqhkjOPQMBBwNCAATIIthgRTtKB3MwwIV8h5B3W9PNEX6RJFfv17Dv
            kGCdNKJjMpJrbdaCAmJuOwSmZyKqSGOx93YsHdH8aOiMwXJxo4GtMIGqMB0GA1Ud
            DgQWBBSSke4Wq9cZ3XaUCPVFzFD+/ZbaYjAfBgNVHSMEGDAWgBSSke4Wq9cZ3XaU
            CPVFzFD+/ZbaYjAPBgNVHRMBAf8EBTADAQH/MFcGA1UdEQRQME6CDG15X2hvc3Qu
            dGVzdIILKi53aWxkLnRlc3SCBioudGVzdIIBKoIMYSoucGFydC50ZXN0hwR/AAAB
            gRJ4X3lAbWFpbF9ob3N0LnRlc3QwCgYIKoZIzj0EAwIDRwAwRAIgNSVB6zP22lth
            m+vdeabwKhzZNwaB9o59Iq8r4aA8C1UCIFkOBil/GWeCfl1xm1dOib9DIiEPE/3z
            V1hDbA49gJFA
            -----END CERTIFICATE-----
            """;

    @ParameterizedTest
    @CsvSource({
        "my_host.test, true",
        "MY_HOST.Test, true",
        "your_host.test, false",
        "a.my_host.test, false",
        "my_host.test.evil, false",
        "a_b.wild.test, true",
        "-.WILD.test, true",
        "a_b.c.wild.test, false",
        "wild.test, false",
        ".wild.test, false",
        "a_b.test, false",
        "a_b, false",
        "a_b.part.test, false",
        "common_name.test, false",
        "mail_host.test, false",
        "127.0.0.1, false",
    })
    void dnsNamesAloneNameAHostAndAWildcardIsOneLabel(String host, boolean named) throws Exception {
        X509Certificate certificate = (X509Certificate) CertificateFactory.getInstance("X.509")
                .generateCertificate(new ByteArrayInputStream(PEM.getBytes(StandardCharsets.US_ASCII)));
        assertEquals(named, CertificateNames.name(certificate, host));
    }
}
