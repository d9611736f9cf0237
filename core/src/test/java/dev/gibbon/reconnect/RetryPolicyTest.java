// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.reconnect;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.gibbon.CloseCode;
import dev.gibbon.CloseStatus;
import dev.gibbon.ConnectionClosedException;
import dev.gibbon.HandshakeException;
import dev.gibbon.HandshakeTimeoutException;
import dev.gibbon.MessageTooBigException;
import dev.gibbon.ProtocolException;
import dev.gibbon.WriteTimeoutException;
import java.io.IOException;
import java.net.ConnectException;
import java.net.UnknownHostException;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertificateExpiredException;
import java.time.Duration;
import java.util.Optional;
import java.util.stream.Stream;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLHandshakeException;
import javax.net.ssl.SSLPeerUnverifiedException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class RetryPolicyTest {
    private static boolean retries(Exception cause) {
        return RetryPolicy.standard().decide(cause).retries();
    }

    private static ConnectionClosedException closed(int code) {
        return new ConnectionClosedException("closed", null, new CloseStatus(new CloseCode(code), ""), null);
    }

    @ParameterizedTest
    @ValueSource(ints = {1001, 1006, 1011, 1012, 1013, 1014, 3008})
    void closeCodesThatMayPassAreRetried(int code) {
        assertEquals(true, retries(closed(code)));
    }

    @ParameterizedTest
    @ValueSource(ints = {1000, 1002, 1003, 1005, 1007, 1008, 1009, 1010, 1015, 3000, 3003, 4000, 4999})
    void otherCloseCodesAreNot(int code) {
        assertEquals(false, retries(closed(code)));
    }

    @Test
    void aLostConnectionIsRetried() {
        assertEquals(true, retries(new ConnectionClosedException("lost", null, null, null)));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 408, 425, 429, 500, 502, 503, 504, 599, 600, 999})
    void statusesThatMayPassAreRetried(int status) {
        assertEquals(true, retries(new HandshakeException(status, "refused")));
    }

    @ParameterizedTest
    @ValueSource(ints = {101, 200, 301, 400, 401, 403, 404, 407, 410, 426})
    void otherStatusesAreNot(int status) {
        assertEquals(false, retries(new HandshakeException(status, "refused")));
    }

    static Stream<Exception> troubleOfTheNetwork() {
        return Stream.of(
                new ConnectException("refused"),
                new UnknownHostException("name"),
                new IOException("broken pipe"),
                new HandshakeTimeoutException(HandshakeTimeoutException.Stage.CONNECT, Duration.ofSeconds(45), null),
                new WriteTimeoutException("slow"),
                new SSLHandshakeException("the stream ended during the TLS handshake"));
    }

    @ParameterizedTest
    @MethodSource("troubleOfTheNetwork")
    void troubleOfTheNetworkIsRetried(Exception cause) {
        assertEquals(true, retries(cause));
    }

    static Stream<Exception> whatWouldHappenAgain() {
        return Stream.of(
                new SSLException("PKIX", new CertificateExpiredException("2020")),
                new SSLException("path", new IOException(new CertPathValidatorException("no anchor"))),
                new SSLPeerUnverifiedException("other host"),
                new ProtocolException(CloseCode.PROTOCOL_ERROR, "rsv2"),
                new MessageTooBigException("5 > 4", 4),
                new IllegalArgumentException("scheme ftp"));
    }

    @ParameterizedTest
    @MethodSource("whatWouldHappenAgain")
    void whatWouldHappenAgainIsNot(Exception cause) {
        assertEquals(false, retries(cause));
    }

    @Test
    void aDecisionSaysWhetherAndWhen() {
        assertEquals(true, RetryPolicy.Decision.retry().retries());
        assertEquals(Optional.empty(), RetryPolicy.Decision.retry().notBefore());
        RetryPolicy.Decision later = RetryPolicy.Decision.retryAfter(Duration.ofSeconds(7));
        assertEquals(true, later.retries());
        assertEquals(Optional.of(Duration.ofSeconds(7)), later.notBefore());
        assertEquals(later, RetryPolicy.Decision.retryAfter(Duration.ofSeconds(7)));
        assertEquals(false, RetryPolicy.Decision.giveUp().retries());
    }

    @Test
    void thePastIsNoTimeToTryAgain() {
        assertThrows(IllegalArgumentException.class, () -> RetryPolicy.Decision.retryAfter(Duration.ofNanos(-1)));
    }
}
