// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.jetty;

import dev.gibbon.spi.Transport;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.eclipse.jetty.http.HostPortHttpField;
import org.eclipse.jetty.http.HttpFields;
import org.eclipse.jetty.http.HttpScheme;
import org.eclipse.jetty.http.MetaData;
import org.eclipse.jetty.http2.ErrorCode;
import org.eclipse.jetty.http2.api.Session;
import org.eclipse.jetty.http2.api.Stream;
import org.eclipse.jetty.http2.frames.DataFrame;
import org.eclipse.jetty.http2.frames.HeadersFrame;
import org.eclipse.jetty.http2.frames.ResetFrame;
import org.eclipse.jetty.util.BufferUtil;
import org.eclipse.jetty.util.Callback;
import org.jspecify.annotations.Nullable;

/** A client's side of an extended CONNECT: its bytes, by calls that block. Nothing is read before {@link #read}. */
final class ClientStream implements Transport, Stream.Listener {
    private final CompletableFuture<MetaData.Response> answer = new CompletableFuture<>();
    private final CompletableFuture<Integer> reset = new CompletableFuture<>();
    private final Semaphore news = new Semaphore(0);
    private final Stream stream;

    /** Reader's thread only: what has been read of the stream and not from here. */
    private Stream.@Nullable Data data;

    private volatile boolean ended;

    private ClientStream(Session session, String authority, String path, String protocol, HttpFields fields)
            throws Exception {
        MetaData.ConnectRequest request =
                new MetaData.ConnectRequest(HttpScheme.HTTP, new HostPortHttpField(authority), path, fields, protocol);
        stream = get(session.newStream(new HeadersFrame(request, null, false), this));
    }

    static ClientStream open(Session session, String authority, String path, String protocol) throws Exception {
        HttpFields fields = HttpFields.build().add("Sec-WebSocket-Version", "13");
        return new ClientStream(session, authority, path, protocol, fields);
    }

    private static <T> T get(CompletableFuture<T> future) throws IOException {
        try {
            return future.get(1, TimeUnit.MINUTES);
        } catch (ExecutionException | InterruptedException | TimeoutException e) {
            throw new IOException(e);
        }
    }

    MetaData.Response answer() throws IOException {
        return get(answer);
    }

    /** {@return the code of the server's reset} */
    int reset() throws IOException {
        return get(reset);
    }

    /** {@return whether the server has ended its direction, and nobody has reset the stream} */
    boolean endedCleanly() {
        return ended && !stream.isReset();
    }

    @Override
    public void onHeaders(Stream from, HeadersFrame frame) {
        answer.complete((MetaData.Response) frame.getMetaData());
    }

    @Override
    public void onDataAvailable(Stream from) {
        news.release();
    }

    @Override
    public void onReset(Stream from, ResetFrame frame, Callback callback) {
        reset.complete(frame.getError());
        news.release();
        callback.succeeded();
    }

    @Override
    public void onFailure(Stream from, int error, String reason, Throwable failure, Callback callback) {
        news.release();
        callback.succeeded();
    }

    @Override
    public int read(ByteBuffer dst) throws IOException {
        return read(dst, Duration.ofMinutes(1));
    }

    @Override
    public int read(ByteBuffer dst, Duration timeout) throws IOException {
        if (ended) {
            return -1;
        }
        while (data == null) {
            data = stream.readData();
            if (data == null) {
                if (stream.isReset() || stream.isClosed()) {
                    throw new IOException("the stream was reset");
                }
                stream.demand();
                if (!acquire(timeout)) {
                    return 0;
                }
            }
        }
        return take(dst, data);
    }

    private boolean acquire(Duration timeout) throws IOException {
        try {
            return news.tryAcquire(timeout.toNanos(), TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
            throw new IOException(e);
        }
    }

    private int take(ByteBuffer dst, Stream.Data from) {
        ByteBuffer bytes = from.frame().getByteBuffer();
        int count = Math.min(dst.remaining(), bytes.remaining());
        dst.put(bytes.slice(bytes.position(), count));
        bytes.position(bytes.position() + count);
        if (!bytes.hasRemaining()) {
            ended = from.frame().isEndStream();
            from.release();
            data = null;
        }
        return count == 0 && ended ? -1 : count;
    }

    @Override
    public long write(ByteBuffer[] srcs, int offset, int length) throws IOException {
        ByteBuffer src = srcs[offset];
        int index = offset;
        while (!src.hasRemaining() && ++index < offset + length) {
            src = srcs[index];
        }
        int count = src.remaining();
        Stream _ = get(stream.data(new DataFrame(stream.getId(), src.duplicate(), false)));
        src.position(src.limit());
        return count;
    }

    /** Sends bytes in the frame that ends our direction. */
    void writeLast(byte[] bytes) throws IOException {
        Stream _ = get(stream.data(new DataFrame(stream.getId(), ByteBuffer.wrap(bytes), true)));
    }

    @Override
    public void shutdownOutput() throws IOException {
        Stream _ = get(stream.data(new DataFrame(stream.getId(), BufferUtil.EMPTY_BUFFER, true)));
    }

    /** Ends our direction behind the server's; if that has not ended, resets the stream. */
    @Override
    public void close() {
        if (ended) {
            stream.data(new DataFrame(stream.getId(), BufferUtil.EMPTY_BUFFER, true), Callback.NOOP);
        } else {
            stream.reset(new ResetFrame(stream.getId(), ErrorCode.CANCEL_STREAM_ERROR.code), Callback.NOOP);
        }
        news.release();
    }
}
