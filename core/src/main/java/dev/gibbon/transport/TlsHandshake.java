// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.transport;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLEngineResult;
import javax.net.ssl.SSLHandshakeException;

/**
 * Drives the engine of a {@link TlsTransport} through its handshake, as far as the lower transport goes along. Guarded
 * by all three locks of the transport.
 */
final class TlsHandshake {
    private final SSLEngine engine;
    private final TlsInput input;
    private final TlsOutput output;
    private boolean begun;

    TlsHandshake(SSLEngine engine, TlsInput input, TlsOutput output) {
        this.engine = engine;
        this.input = input;
        this.output = output;
    }

    /**
     * Begins it, or goes on with it.
     *
     * @param blocking whether the lower transport waits for bytes
     * @return whether it is complete; false if nothing came in time, or nothing was taken
     */
    boolean advance(long deadline, boolean blocking) throws IOException {
        if (!begun) {
            engine.beginHandshake();
            begun = true;
        }
        while (true) {
            if (!output.flush()) {
                return false;
            }
            switch (engine.getHandshakeStatus()) {
                case NEED_TASK -> TlsEngines.runTasks(engine);
                case NEED_WRAP -> wrap();
                case NEED_UNWRAP, NEED_UNWRAP_AGAIN -> {
                    if (!unwrap(deadline, blocking)) {
                        return false;
                    }
                }
                case FINISHED, NOT_HANDSHAKING -> {
                    if (engine.isInboundDone() || engine.isOutboundDone()) {
                        throw closed();
                    }
                    input.established();
                    return true;
                }
            }
        }
    }

    private void wrap() throws IOException {
        try {
            output.wrapOwn();
        } catch (ClosedChannelException _) {
            throw closed();
        }
    }

    /** {@return false if nothing came} */
    private boolean unwrap(long deadline, boolean blocking) throws IOException {
        SSLEngineResult result = engine.unwrap(input.records(), ByteBuffer.allocate(0));
        switch (result.getStatus()) {
            case BUFFER_UNDERFLOW -> {
                int count = input.fill(deadline, blocking);
                if (count < 0) {
                    throw new SSLHandshakeException("the stream ended during the TLS handshake");
                }
                return count > 0;
            }
            case CLOSED -> throw new SSLHandshakeException("the peer closed TLS during the handshake");
            case BUFFER_OVERFLOW -> throw new SSLHandshakeException("application data during the TLS handshake");
            case OK -> {}
        }
        return true;
    }

    private static SSLHandshakeException closed() {
        return new SSLHandshakeException("TLS was closed during the handshake");
    }
}
