// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.conformance;

import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http.websocketx.BinaryWebSocketFrame;
import io.netty.handler.codec.http.websocketx.TextWebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocketCloseStatus;
import io.netty.handler.codec.http.websocketx.WebSocketFrame;
import java.net.URI;
import java.util.concurrent.CompletableFuture;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.netty.http.client.HttpClient;
import reactor.netty.http.client.WebsocketClientSpec;
import reactor.netty.http.websocket.WebsocketInbound;
import reactor.netty.http.websocket.WebsocketOutbound;

final class ReactorClient implements Client {
    @Override
    public Class<?> library() {
        return HttpClient.class;
    }

    @Override
    public void connect(URI url, Conversation conversation) {
        WebsocketClientSpec spec = WebsocketClientSpec.builder()
                .compress(true)
                .maxFramePayloadLength(Judge.LARGE)
                .build();
        HttpClient.create()
                .websocket(spec)
                .uri(url)
                .handle((in, out) -> converse(in, out, conversation))
                .subscribe(_ -> {}, conversation::failed);
    }

    private static Mono<Void> converse(WebsocketInbound in, WebsocketOutbound out, Conversation conversation) {
        Sinks.Many<WebSocketFrame> sent = Sinks.many().unicast().onBackpressureBuffer();
        CompletableFuture<WebSocketCloseStatus> end = new CompletableFuture<>();
        conversation.opened(new Sending(sent, end));
        in.receiveCloseStatus().subscribe(status -> conversation.closed(status.code()));
        Mono<Void> receiving = in.aggregateFrames(Judge.LARGE)
                .receiveFrames()
                .doOnNext(frame -> {
                    switch (frame) {
                        case TextWebSocketFrame text -> conversation.text(text.text());
                        case BinaryWebSocketFrame binary -> conversation.binary(ByteBufUtil.getBytes(binary.content()));
                        default -> {}
                    }
                })
                .doOnError(conversation::failed)
                .then();
        Mono<Void> sending = out.sendObject(sent.asFlux(), _ -> true)
                .then()
                .then(Mono.fromFuture(end))
                .flatMap(status -> out.sendClose(status.code(), status.reasonText()));
        return Mono.when(receiving, sending);
    }

    private record Sending(Sinks.Many<WebSocketFrame> sent, CompletableFuture<WebSocketCloseStatus> end)
            implements Conversation.Sending {
        @Override
        public void text(String text) {
            sent.emitNext(new TextWebSocketFrame(text), Sinks.EmitFailureHandler.FAIL_FAST);
        }

        @Override
        public void binary(byte[] bytes) {
            sent.emitNext(new BinaryWebSocketFrame(Unpooled.wrappedBuffer(bytes)), Sinks.EmitFailureHandler.FAIL_FAST);
        }

        @Override
        public void close(int code, String reason) {
            end.complete(new WebSocketCloseStatus(code, reason));
            sent.emitComplete(Sinks.EmitFailureHandler.FAIL_FAST);
        }
    }

    @Override
    public void close() {
        reactor.netty.http.HttpResources.disposeLoopsAndConnections();
    }
}
