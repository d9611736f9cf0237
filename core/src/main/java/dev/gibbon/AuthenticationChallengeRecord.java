// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import java.net.URI;
import java.util.List;

record AuthenticationChallengeRecord(int status, URI uri, List<String> challenges) implements AuthenticationChallenge {
    AuthenticationChallengeRecord {
        challenges = List.copyOf(challenges);
    }
}
