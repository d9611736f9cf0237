// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import java.net.URI;

record DialResultRecord(Connection connection, Headers headers, URI uri) implements DialResult {}
