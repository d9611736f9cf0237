// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.jetty;

import org.eclipse.jetty.http2.ErrorCode;
import org.eclipse.jetty.http2.api.Stream;
import org.eclipse.jetty.http2.frames.ResetFrame;
import org.eclipse.jetty.io.ByteBufferPool;
import org.eclipse.jetty.io.EndPoint;
import org.eclipse.jetty.util.Callback;

/**
 * A stream of HTTP/2 that carries a WebSocket. Loaded only where Jetty speaks HTTP/2, as servers without it have
 * none of its classes.
 */
final class Http2Stream extends EndPointStream {
    private final EndPoint endPoint;

    Http2Stream(EndPoint endPoint, EndPoint below, ByteBufferPool buffers) {
        super(endPoint, below, buffers);
        this.endPoint = endPoint;
    }

    /** Resets the stream, which is what a reset of TCP is here (RFC 8441 §5); the others of its connection go on. */
    @Override
    void dropUnsent() {
        if (endPoint.getTransport() instanceof Stream stream && !stream.isClosed()) {
            stream.reset(new ResetFrame(stream.getId(), ErrorCode.CANCEL_STREAM_ERROR.code), Callback.NOOP);
        }
    }
}
