// SPDX-License-Identifier: Apache-2.0
@file:JvmName("Coroutines")

package dev.gibbon.kotlin

import dev.gibbon.CloseCode
import dev.gibbon.Connection
import dev.gibbon.Dialer
import dev.gibbon.Message
import dev.gibbon.MessageType
import dev.gibbon.MessageWriter
import dev.gibbon.PreparedMessage
import java.io.IOException
import java.net.URI
import java.nio.ByteBuffer
import java.util.concurrent.Executor
import kotlin.time.Duration
import kotlin.time.toJavaDuration
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.asCoroutineDispatcher
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.flow
import kotlinx.coroutines.runInterruptible
import kotlinx.coroutines.withContext

/** A virtual thread for each call that waits: however many connections wait, no dispatcher runs out of threads. */
private val virtualThreads =
    Executor { Thread.ofVirtual().name("gibbon-kotlin").start(it) }.asCoroutineDispatcher()

/**
 * Runs [call], which may wait, on a virtual thread. Cancellation interrupts it; what the library throws then is the
 * cancellation, which it leaves on the thread as a flag.
 */
private suspend fun <T> waiting(call: () -> T): T =
    runInterruptible(virtualThreads) {
        try {
            call()
        } catch (e: IOException) {
            throw if (Thread.currentThread().isInterrupted) InterruptedException().initCause(e) else e
        }
    }

/**
 * The messages of this connection, each read when the one before has been collected: a slow collector slows the peer
 * down. Completes when the peer closes cleanly, and fails as [Connection.readMessage] does at any other end. To collect
 * again goes on where the last collection stopped; only one at a time may collect or read.
 *
 * Cancelling ends the wait and leaves the connection as it is; [useSuspending] closes it. A message that comes in the
 * very moment of a cancellation may be lost with the collection. Who gives up after a time and must lose nothing takes
 * [receive] with that time, and not `withTimeout`.
 */
public fun Connection.messages(): Flow<Message> = flow {
    while (true) {
        emit(receive() ?: break)
    }
}

/**
 * Suspends until the next message is there whole.
 *
 * @return the message, or `null` once the peer has closed cleanly
 * @throws IOException at any other end, as [Connection.readMessage] says
 */
public suspend fun Connection.receive(): Message? = waiting { readMessage() }

/**
 * Suspends until the next message is there whole, but only so long. What has come of it is kept for the next read.
 *
 * @param atMost how long to wait, in real time
 * @return the message, or `null` once the peer has closed cleanly
 * @throws dev.gibbon.ReadTimeoutException if its end did not come in that time
 * @throws IOException at any other end, as [Connection.readMessage] says
 */
public suspend fun Connection.receive(atMost: Duration): Message? = waiting { readMessage(atMost.toJavaDuration()) }

/**
 * Sends a text message; suspends until the transport has all of it. Any coroutine may send. Cancelled while it waits,
 * what it has begun is still sent whole.
 *
 * @throws IllegalArgumentException if [text] has a lone surrogate; nothing was sent
 * @throws IOException if the connection is closing or lost
 */
public suspend fun Connection.sendText(text: String): Unit = waiting { writeText(text) }

/**
 * Sends a binary message; suspends until the transport has all of it.
 *
 * @param payload the bytes, all consumed; borrowed until this returns
 * @throws IOException if the connection is closing or lost
 */
public suspend fun Connection.sendBinary(payload: ByteBuffer): Unit = waiting { writeBinary(payload) }

/**
 * Sends a message of its own kind; suspends until the transport has all of it.
 *
 * @throws IOException if the connection is closing or lost
 */
public suspend fun Connection.send(message: Message): Unit = waiting { writeMessage(message) }

/**
 * Sends a message that was encoded beforehand; suspends until the transport has all of it.
 *
 * @throws IOException if the connection is closing or lost
 */
public suspend fun Connection.send(message: PreparedMessage): Unit = waiting { writePrepared(message) }

/**
 * Sends a message that [content] writes piece by piece, on a virtual thread, where it may wait; gives it up if that
 * throws, as [Connection.writeMessage] does.
 *
 * @throws IOException if the connection is closing or lost
 */
public suspend fun Connection.send(type: MessageType, content: MessageWriter.Content): Unit =
    waiting { writeMessage(type, content) }

/**
 * Does the closing handshake; suspends until it is done, at most for the connection's close timeout.
 *
 * @throws IllegalArgumentException if code or reason must not be sent; nothing was sent
 */
public suspend fun Connection.closeSuspending(code: CloseCode = CloseCode.NORMAL, reason: String = ""): Unit =
    waiting { close(code, reason) }

/**
 * Runs [block] with this connection and closes it when that ends, however it ends: with 1000 when it returns, with 1001
 * when it is cancelled and with 1011 when it throws. Suspends until the closing handshake is done, also when cancelled.
 */
public suspend fun <R> Connection.useSuspending(block: suspend (Connection) -> R): R {
    var code = CloseCode.INTERNAL_ERROR
    try {
        return block(this).also { code = CloseCode.NORMAL }
    } catch (e: CancellationException) {
        code = CloseCode.GOING_AWAY
        throw e
    } finally {
        withContext(NonCancellable) { closeSuspending(code) }
    }
}

/**
 * Dials; suspends until the connection is open. Cancelled, it leaves nothing open.
 *
 * @throws IOException if there is no connection, as [Dialer.dial] says
 */
public suspend fun Dialer.open(uri: URI): Connection {
    var opened: Connection? = null
    try {
        return waiting { dial(uri).also { opened = it } }
    } catch (e: CancellationException) {
        opened?.abort()
        throw e
    }
}
