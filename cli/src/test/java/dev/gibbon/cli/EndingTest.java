// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.CloseCode;
import dev.gibbon.CloseStatus;
import dev.gibbon.HandshakeException;
import dev.gibbon.HandshakeTimeoutException;
import dev.gibbon.HandshakeTimeoutException.Stage;
import java.io.IOException;
import java.net.ConnectException;
import java.net.SocketException;
import java.net.UnknownHostException;
import java.security.cert.CertPathBuilderException;
import java.security.cert.CertificateException;
import java.security.cert.CertificateExpiredException;
import java.time.Duration;
import java.util.Optional;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLHandshakeException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class EndingTest {
    @ParameterizedTest
    @CsvSource({
        "1000, 0, false",
        "1001, 0, true",
        "1005, 0, false",
        "1002, 1, false",
        "1006, 1, true",
        "1008, 1, false",
        "1011, 1, true",
        "1012, 1, true",
        "1013, 1, true",
        "4000, 1, false"
    })
    void aCodeOfTheServersTellsCleanFromLostAndWhetherToRetry(int code, int status, boolean worthRetrying) {
        Ending ending = Ending.of(status(code, ""), Optional.empty(), null);
        assertEquals(status, ending.status(), ending.line());
        assertEquals(worthRetrying, ending.worthRetrying());
    }

    @Test
    void anyCodeThatThisSideClosedWithIsCleanOnceAnswered() {
        Optional<CloseCode> asked = Optional.of(new CloseCode(4000));
        assertEquals(0, Ending.of(status(4000, ""), asked, null).status());
        assertEquals(1, Ending.of(status(1011, ""), asked, null).status());
        assertEquals(1, Ending.of(status(1006, ""), asked, null).status());
        assertEquals(1, Ending.of(Optional.empty(), asked, null).status());
    }

    @Test
    void aBrokenRuleIsNoCleanCloseWhateverTheCode() {
        Ending ending = Ending.of(status(1000, ""), Optional.empty(), new IOException("RSV2 without extension"));
        assertEquals(1, ending.status());
        assertEquals("connection failed: RSV2 without extension", ending.line());
    }

    @Test
    void whatTheServerSaidIsEscaped() {
        assertEquals(
                "closed by the server: 1000 (normal): a\\u{1B}[2J\\u{202E}b",
                Ending.of(status(1000, "a\033[2J\u202Eb"), Optional.empty(), null)
                        .line());
        assertEquals(
                "handshake refused: \\u{9B}",
                Ending.ofDial(new HandshakeException(403, "\u009b")).line());
    }

    @Test
    void aRefusalIsToldFromAnUnreachableServer() {
        Ending refused = Ending.ofDial(new HandshakeException(403, "status 403"));
        assertEquals(3, refused.status());
        assertTrue(refused.refusal().isPresent());
        assertEquals(
                4, Ending.ofDial(new ConnectException("Connection refused")).status());
        assertEquals(4, Ending.ofDial(new UnknownHostException("nowhere")).status());
        assertEquals(4, Ending.ofDial(new SSLHandshakeException("no trust")).status());
    }

    @Test
    void anUnreachableServerIsNamedAndARemedyWhereThereIsOne() {
        assertEquals(
                "cannot connect to [::1]:1: no",
                Ending.ofDial(new ConnectException("cannot connect to [::1]:1: no"))
                        .line());
        assertEquals(
                "cannot connect: reset",
                Ending.ofDial(new SocketException("reset")).line());
        assertEquals(
                "no connection in time, the reply was not done; --timeout allows for more",
                Ending.ofDial(new HandshakeTimeoutException(Stage.REPLY, Duration.ofSeconds(1), null))
                        .line());
        SSLException untrusted = new SSLHandshakeException("PKIX path building failed");
        untrusted.initCause(new ValidatorLike("x", new CertPathBuilderException("y")));
        String line = Ending.ofDial(untrusted).line();
        assertTrue(line.contains("--cacert FILE") && line.contains("-k"), line);
        SSLException expired = new SSLHandshakeException("PKIX path validation failed");
        expired.initCause(new ValidatorLike("x", new CertificateExpiredException("NotAfter: yesterday")));
        line = Ending.ofDial(expired).line();
        assertTrue(line.contains("no longer valid (NotAfter: yesterday)") && line.contains("-k"), line);
        SSLException other = new SSLHandshakeException("(certificate_unknown) No name");
        other.initCause(new CertificateException("No name matching h found"));
        assertEquals(
                "TLS failed: No name matching h found; -k trusts any certificate",
                Ending.ofDial(other).line());
    }

    /** As the JDK's validator, an exception about certificates around the one that says why. */
    private static final class ValidatorLike extends CertificateException {
        private static final long serialVersionUID = 1L;

        ValidatorLike(String message, Throwable cause) {
            super(message, cause);
        }
    }

    @ParameterizedTest
    @CsvSource({"403, false", "404, false", "101, false", "200, false", "429, true", "503, true", "0, true"})
    void aRefusalThatMayPassIsWorthRetrying(int status, boolean worthRetrying) {
        assertEquals(
                worthRetrying,
                Ending.ofDial(new HandshakeException(status, "x")).worthRetrying());
    }

    private static Optional<CloseStatus> status(int code, String reason) {
        return Optional.of(new CloseStatus(new CloseCode(code), reason));
    }
}
