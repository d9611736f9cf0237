// SPDX-License-Identifier: Apache-2.0

/** Gibbon in Spring Boot: WebSockets from controllers, functional routes, and Spring's own WebSocket handlers. */
@NullMarked
package dev.gibbon.spring;

import org.jspecify.annotations.NullMarked;
