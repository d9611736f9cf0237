// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.examples.springboot;

import dev.gibbon.Connection;
import dev.gibbon.Listener;
import dev.gibbon.MessageView;
import dev.gibbon.servlet.GibbonServlets;
import dev.gibbon.spring.GibbonRoutes;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.boot.web.server.servlet.context.ServletWebServerInitializedEvent;
import org.springframework.context.annotation.Bean;
import org.springframework.context.event.EventListener;
import org.springframework.messaging.simp.config.MessageBrokerRegistry;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.servlet.function.RouterFunction;
import org.springframework.web.servlet.function.ServerResponse;
import org.springframework.web.socket.config.annotation.EnableWebSocketMessageBroker;
import org.springframework.web.socket.config.annotation.StompEndpointRegistry;
import org.springframework.web.socket.config.annotation.WebSocketMessageBrokerConfigurer;

/** Spring Boot with Gibbon: an echo of each face, and STOMP at {@code /stomp} with topics below {@code /topic}. */
@SpringBootApplication
@RestController
@EnableWebSocketMessageBroker
public class Main implements WebSocketMessageBrokerConfigurer {
    private final GibbonServlets gibbon;

    /**
     * Made by Spring.
     *
     * @param gibbon upgrades requests
     */
    public Main(GibbonServlets gibbon) {
        this.gibbon = gibbon;
    }

    /**
     * Runs the application.
     *
     * @param args {@code --port N}, and whatever Spring Boot takes
     */
    public static void main(String[] args) {
        for (int i = 0; i + 1 < args.length; i++) {
            if (args[i].equals("--port")) {
                System.setProperty("server.port", args[i + 1]);
            }
        }
        SpringApplication.run(Main.class, args);
    }

    @GetMapping("/echo")
    void echo(HttpServletRequest request, HttpServletResponse response) throws IOException {
        gibbon.upgrade(request, response, ws -> ws.forEachMessage(ws::writeMessage));
    }

    @Bean
    static RouterFunction<ServerResponse> echoEvent(GibbonRoutes routes) {
        return routes.listen("/echo/event", _ -> new Echo());
    }

    private static final class Echo implements Listener {
        @Override
        public void onMessage(Connection ws, MessageView message) throws IOException {
            ws.writeMessage(message);
        }
    }

    @Override
    public void registerStompEndpoints(StompEndpointRegistry registry) {
        registry.addEndpoint("/stomp").setAllowedOriginPatterns("*");
    }

    @Override
    public void configureMessageBroker(MessageBrokerRegistry registry) {
        registry.enableSimpleBroker("/topic");
    }

    @EventListener
    void listening(ServletWebServerInitializedEvent event) {
        int port = event.getWebServer().getPort();
        System.out.println("listening on ws://localhost:" + port + "/echo, /echo/event and /stomp (STOMP)");
        System.out.println("health: http://localhost:" + port + "/actuator/health");
    }
}
