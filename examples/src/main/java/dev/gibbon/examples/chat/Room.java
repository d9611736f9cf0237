// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.examples.chat;

import dev.gibbon.Connection;
import dev.gibbon.Group;
import dev.gibbon.Listener;
import dev.gibbon.MessageView;
import dev.gibbon.PreparedMessage;

/**
 * Everybody who is connected. Called on event loops, so nothing here waits; who disconnects leaves the group by itself.
 */
final class Room implements Listener {
    private final Group members = new Group();

    @Override
    public void onOpen(Connection ws) {
        members.join(ws);
    }

    @Override
    public void onText(Connection ws, MessageView message) {
        members.broadcast(PreparedMessage.text(message.text())); // Encoded once, one send for each member.
    }
}
