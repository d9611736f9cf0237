// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What the command says and how it exits where it does not get as far as serving. */
class MainTest {
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @ParameterizedTest
    @CsvSource({
        "'', gibbon: a command is missing",
        "swing, gibbon: unmatched argument at index 0: 'swing'",
        "serve --prot, gibbon serve: unknown option: '--prot'; did you mean --port? (",
        "serve --prot 8080, gibbon serve: unknown option: '--prot'; did you mean --port? (",
        "serve --maxmessage=5, gibbon serve: unknown option: '--maxmessage=5'; did you mean --max-message? (",
        "serve --x, gibbon serve: unknown option: '--x' (",
        "conect ws://h/, 'gibbon: unmatched arguments from index 0: ''conect'', ''ws://h/''; did you mean connect? ('",
        "serve extra, gibbon serve: unmatched argument at index 1: 'extra'",
        "serve --port, gibbon serve: missing required parameter for option '--port'",
        "serve --port abc, gibbon serve: invalid value for option '--port': 'abc' is not an int",
        "serve --port 65536, gibbon serve: --port: 65536 is not between 0 and 65535",
        "serve --port -1, gibbon serve: --port: -1 is not between 0 and 65535",
        "serve --max-message 0, gibbon serve: invalid value for option '--max-message': '0' is not between",
        "serve --allow-origin example.org, gibbon serve: --allow-origin:",
        "serve --tls cert.pem, gibbon serve: option '--tls'",
        "connect, gibbon connect: missing required parameter: 'URL'",
        "connect ftp://localhost/, gibbon connect: scheme",
        "connect -H nonsense ws://h/, gibbon connect: -H takes 'Name: value'",
        "connect -H Upgrade:x ws://h/, gibbon connect: header",
        "connect --cert c.pem ws://h/, gibbon connect: --cert and --key go together",
        "connect --cacert no-such.pem ws://h/, gibbon connect: there is no file no-such.pem",
        "connect --subprotocol b@d ws://h/, gibbon connect: subprotocol",
        "connect --proxy ftp://h ws://h/, gibbon connect: --proxy:",
        "connect --unix s --proxy http://h ws://h/, gibbon connect: --unix",
        "connect --linger soon ws://h/, gibbon connect: invalid value for option '--linger': 'soon' is no time",
        "connect --timeout 0 ws://h/, gibbon connect: --timeout",
        "connect ws://h:h/:, gibbon connect: port",
        "connect ws://[/, gibbon connect: URL: Expected closing bracket for IPv6 address at index 6 of ws://[/",
        "connect ws://h/#fragment, gibbon connect: a WebSocket URI has no fragment",
        "serve --host no.such.host.invalid, gibbon serve: --host: no address is known for no.such.host.invalid"
    })
    void aCommandLineWithoutSenseIsOneLineAndStatus2(String line, String begin) {
        assertEquals(2, run(line.isEmpty() ? new String[0] : line.split(" ", -1)));
        assertOneLine(begin);
        assertTrue(err.toString().contains("--help tells more"), err.toString());
    }

    @Test
    void whatStoodOnTheCommandLineCannotAddLines() {
        assertEquals(2, run("serve", "--x\ny\033[31m"));
        assertOneLine("gibbon serve: unknown option: '--x\\ny\\u{1B}[31m'");
    }

    @Test
    void aPortInUseIsOneLineAndStatus1() throws IOException {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            String port = Integer.toString(taken.getLocalPort());
            assertEquals(1, run("serve", "--host", "127.0.0.1", "--port", port));
            assertOneLine("gibbon serve: port " + port + " of 127.0.0.1 is in use");
        }
    }

    @Test
    void anUnreadableCertificateIsOneLineAndStatus1(@TempDir Path directory) {
        String missing = directory.resolve("cert.pem").toString();
        assertEquals(1, run("serve", "--port", "0", "--tls", missing, missing));
        assertOneLine("gibbon serve: there is no file " + missing);
    }

    @Test
    void aUnixSocketThatCannotBeIsOneLineAndStatus1(@TempDir Path directory) throws IOException {
        assertEquals(1, run("serve", "--unix", directory.resolve("none/socket").toString()));
        assertOneLine("gibbon serve: there is no directory");
        Path file = Files.createFile(directory.resolve("file"));
        assertEquals(1, run("serve", "--unix", file.toString()));
        assertOneLine("gibbon serve: " + file + " exists");
        Path socket = directory.resolve("socket");
        try (ServerSocketChannel listening = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            listening.bind(UnixDomainSocketAddress.of(socket));
            assertEquals(1, run("serve", "--unix", socket.toString()));
            assertOneLine("gibbon serve: " + socket + " exists, and a server listens on it");
        }
        assertEquals(1, run("serve", "--unix", socket.toString()));
        assertOneLine("gibbon serve: " + socket + " exists, but no server listens on it any more; delete it");
    }

    @Test
    void helpNamesEveryOption() {
        assertEquals(0, run("serve", "--help"));
        for (String option : new String[] {
            "--host=HOST",
            "--port=PORT",
            "--unix=PATH",
            "--tls=CERT KEY",
            "--allow-origin=ORIGIN",
            "--max-message=SIZE",
            "--verbose",
            "--version"
        }) {
            assertTrue(out.toString().contains(option), option + " in " + out);
        }
        assertEquals("", err.toString());
    }

    @ParameterizedTest
    @ValueSource(strings = {"serve", "connect", "load"})
    void anExampleIsALineThatCanBePasted(String command) {
        assertEquals(0, run(command, "--help"));
        String help = out.toString();
        String examples = help.substring(help.indexOf("Examples:"));
        for (String line : examples.lines().skip(1).toList()) {
            assertTrue(line.startsWith("  ") && line.contains("gibbon " + command), line);
        }
    }

    @Test
    void versionIsALine() {
        assertEquals(0, run("--version"));
        assertTrue(out.toString().matches("gibbon \\S.*\\R"), out.toString());
    }

    private int run(String... args) {
        out.getBuffer().setLength(0);
        err.getBuffer().setLength(0);
        return Main.run(new PrintWriter(out, true), new PrintWriter(err, true), args);
    }

    private void assertOneLine(String begin) {
        String said = err.toString();
        assertTrue(said.startsWith(begin), said);
        assertEquals(1, said.lines().count(), said);
        assertEquals("", out.toString());
    }
}
