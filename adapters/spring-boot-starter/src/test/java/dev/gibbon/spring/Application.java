// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.spring;

import dev.gibbon.Connection;
import dev.gibbon.Listener;
import dev.gibbon.MessageView;
import dev.gibbon.servlet.GibbonServlets;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.springframework.boot.SpringBootConfiguration;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.context.annotation.Bean;
import org.springframework.http.HttpStatus;
import org.springframework.http.ResponseEntity;
import org.springframework.http.server.ServerHttpRequest;
import org.springframework.http.server.ServerHttpResponse;
import org.springframework.messaging.handler.annotation.MessageMapping;
import org.springframework.messaging.handler.annotation.SendTo;
import org.springframework.messaging.simp.config.MessageBrokerRegistry;
import org.springframework.stereotype.Controller;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.ResponseStatus;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.servlet.function.RouterFunction;
import org.springframework.web.servlet.function.ServerResponse;
import org.springframework.web.socket.CloseStatus;
import org.springframework.web.socket.TextMessage;
import org.springframework.web.socket.WebSocketHandler;
import org.springframework.web.socket.WebSocketSession;
import org.springframework.web.socket.config.annotation.EnableWebSocket;
import org.springframework.web.socket.config.annotation.EnableWebSocketMessageBroker;
import org.springframework.web.socket.config.annotation.StompEndpointRegistry;
import org.springframework.web.socket.config.annotation.WebSocketConfigurer;
import org.springframework.web.socket.config.annotation.WebSocketHandlerRegistry;
import org.springframework.web.socket.config.annotation.WebSocketMessageBrokerConfigurer;
import org.springframework.web.socket.handler.TextWebSocketHandler;
import org.springframework.web.socket.server.HandshakeInterceptor;

/** An application as users write them, with a WebSocket of each kind. */
@SpringBootConfiguration
@EnableAutoConfiguration
class Application {
    @RestController
    static class Rooms {
        private final GibbonServlets gibbon;

        Rooms(GibbonServlets gibbon) {
            this.gibbon = gibbon;
        }

        @GetMapping("/room/{name}")
        void room(@PathVariable("name") String name, HttpServletRequest request, HttpServletResponse response)
                throws IOException {
            gibbon.upgrade(request, response, ws -> ws.forEachMessage(m -> ws.writeText(name + ": " + m.text())));
        }

        @GetMapping("/entity")
        ResponseEntity<String> entity(HttpServletRequest request, HttpServletResponse response) throws IOException {
            gibbon.upgrade(request, response, ws -> ws.forEachMessage(m -> ws.writeText("entity: " + m.text())));
            return ResponseEntity.status(201).header("X-Late", "too late").body("not for a WebSocket");
        }

        @GetMapping("/status")
        @ResponseStatus(HttpStatus.OK)
        void status(HttpServletRequest request, HttpServletResponse response) throws IOException {
            gibbon.upgrade(request, response, ws -> ws.forEachMessage(m -> ws.writeText("status: " + m.text())));
        }

        @GetMapping("/plain")
        String plain() {
            return "plain";
        }
    }

    @Bean
    RouterFunction<ServerResponse> fast(GibbonRoutes routes) {
        return routes.listen("/fast/{name}", request -> {
            String name = request.pathVariable("name");
            return new Listener() {
                @Override
                public void onText(Connection ws, MessageView message) throws IOException {
                    ws.writeText(name + ": " + message.text());
                }
            };
        });
    }

    /** Spring's own handlers. */
    @EnableWebSocket
    static class Sockets implements WebSocketConfigurer {
        /** Ends of the sessions of {@code /spring}. */
        final BlockingQueue<CloseStatus> ends = new LinkedBlockingQueue<>();

        @Override
        public void registerWebSocketHandlers(WebSocketHandlerRegistry registry) {
            var _ = registry.addHandler(new Echo(ends), "/spring")
                    .addInterceptors(new Marking())
                    .setAllowedOrigins("https://friend.example");
        }
    }

    private static final class Echo extends TextWebSocketHandler {
        private final BlockingQueue<CloseStatus> ends;

        Echo(BlockingQueue<CloseStatus> ends) {
            this.ends = ends;
        }

        @Override
        protected void handleTextMessage(WebSocketSession session, TextMessage message) throws Exception {
            String payload = message.getPayload();
            if (payload.equals("throw")) {
                throw new IllegalStateException("as told");
            }
            session.sendMessage(new TextMessage(session.getAttributes().get("mark") + ": " + payload));
        }

        @Override
        public void afterConnectionClosed(WebSocketSession session, CloseStatus status) {
            ends.add(status);
        }
    }

    private static final class Marking implements HandshakeInterceptor {
        @Override
        public boolean beforeHandshake(
                ServerHttpRequest request,
                ServerHttpResponse response,
                WebSocketHandler handler,
                Map<String, Object> attributes) {
            attributes.put("mark", "marked");
            response.getHeaders().add("X-Mark", "marked");
            return true;
        }

        @Override
        public void afterHandshake(
                ServerHttpRequest request, ServerHttpResponse response, WebSocketHandler handler, Exception failure) {}
    }

    /** STOMP with the simple broker. */
    @Controller
    @EnableWebSocketMessageBroker
    static class Stomp implements WebSocketMessageBrokerConfigurer {
        @Override
        public void registerStompEndpoints(StompEndpointRegistry registry) {
            var _ = registry.addEndpoint("/stomp");
        }

        @Override
        public void configureMessageBroker(MessageBrokerRegistry registry) {
            var _ = registry.setApplicationDestinationPrefixes("/app").enableSimpleBroker("/topic");
        }

        @MessageMapping("/say")
        @SendTo("/topic/said")
        String say(String text) {
            return "said " + text;
        }
    }
}
