// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.kotlin

import dev.gibbon.CloseCode
import dev.gibbon.Connection
import dev.gibbon.ConnectionClosedException
import dev.gibbon.ConnectionOptions
import dev.gibbon.Dialer
import dev.gibbon.Message
import dev.gibbon.MessageType
import dev.gibbon.PreparedMessage
import dev.gibbon.ReadTimeoutException
import dev.gibbon.Role
import dev.gibbon.WebSocketServer
import dev.gibbon.testkit.ScriptedPeer
import dev.gibbon.testkit.TransportPair
import java.io.IOException
import java.net.ServerSocket
import java.net.SocketTimeoutException
import java.net.URI
import java.nio.ByteBuffer
import java.util.concurrent.FutureTask
import java.util.concurrent.TimeUnit
import kotlin.time.Duration
import kotlin.time.Duration.Companion.minutes
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.Job
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.flow.collect
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.map
import kotlinx.coroutines.flow.take
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.launch
import kotlinx.coroutines.test.TestScope
import kotlinx.coroutines.test.runTest
import kotlinx.coroutines.yield
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.Timeout

@Timeout(300)
class CoroutinesTest {
    private class Pair : AutoCloseable {
        private val transports = TransportPair.create()
        val peer: ScriptedPeer = ScriptedPeer.over(transports.client(), Role.CLIENT)
        val ws: Connection = Connection.over(transports.server(), Role.SERVER, ConnectionOptions.defaults())

        override fun close() = ws.abort()
    }

    /** The library waits in real time, so the tests do. */
    private fun test(block: suspend TestScope.() -> Unit) = runTest(timeout = 4.minutes, testBody = block)

    private suspend fun thrownBy(call: suspend () -> Unit): Throwable? = runCatching { call() }.exceptionOrNull()

    private fun echo(): WebSocketServer =
        WebSocketServer.builder()
            .bind("localhost", 0)
            .serve("/echo") { ws -> ws.forEachMessage<IOException> { ws.writeMessage(it) } }
            .start()

    private val WebSocketServer.uri
        get() = URI.create("ws://localhost:${port()}/echo")

    @Test
    fun `what is sent in each way comes back as a flow`() = test {
        echo().use { server ->
            Dialer.create().open(server.uri).useSuspending { ws ->
                ws.sendText("one")
                ws.sendBinary(ByteBuffer.wrap(byteArrayOf(2)))
                ws.send(Message.text("three"))
                ws.send(PreparedMessage.text("four"))
                ws.send(MessageType.TEXT) { it.write("fi"); it.flush(); it.write("ve") }
                val said = ws.messages().map { if (it.isText) it.text() else "${it.bytes()[0]}" }.take(5).toList()
                assertEquals(listOf("one", "2", "three", "four", "five"), said)
                ws.sendText("six")
                assertEquals("six", ws.messages().first().text())
            }
        }
    }

    @Test
    fun `a flow ends with the connection as a read does`() = test {
        Pair().use { pair ->
            pair.peer.sendText("one")
            pair.peer.sendClose(1000, "")
            assertEquals(listOf("one"), pair.ws.messages().map { it.text() }.toList())
            assertEquals(emptyList<Message>(), pair.ws.messages().toList())
            assertNull(pair.ws.receive())
        }
        Pair().use { pair ->
            pair.peer.sendText("one")
            pair.peer.sendClose(4000, "")
            val seen = mutableListOf<String>()
            val end = thrownBy { pair.ws.messages().collect { seen.add(it.text()) } }
            assertTrue(end is ConnectionClosedException, "$end")
            assertEquals(listOf("one"), seen)
        }
    }

    @Test
    fun `cancelling ends a wait and not the connection`() = test {
        Pair().use { pair ->
            val first = CompletableDeferred<String>()
            val collecting = launch { pair.ws.messages().collect { first.complete(it.text()) } }
            pair.peer.sendText("one")
            assertEquals("one", first.await())
            collecting.cancelAndJoin()
            pair.peer.sendText("two")
            assertEquals("two", pair.ws.receive()?.text())
            pair.ws.sendText("three")
            pair.peer.expectText("three")
        }
    }

    @Test
    fun `a time that is up loses nothing`() = test {
        Pair().use { pair ->
            assertTrue(thrownBy { pair.ws.receive(Duration.ZERO) } is ReadTimeoutException)
            pair.peer.sendText("one")
            assertEquals("one", pair.ws.receive(1.minutes)?.text())
            assertTrue(thrownBy { pair.ws.receive(Duration.ZERO) } is ReadTimeoutException)
        }
    }

    /** What is cancelled has a connection that waits for a message; its closing handshake is waited for. */
    @Test
    fun `a connection in use is closed however the use ends`() = test {
        closesWith(1001) { scope, ws ->
            val using = scope.launch(start = CoroutineStart.UNDISPATCHED) {
                ws.useSuspending { it.messages().collect() }
            }
            scope.launch { using.cancelAndJoin() }
        }
        closesWith(1000) { scope, ws -> scope.launch { ws.useSuspending { it.role() } } }
        closesWith(1011) { scope, ws ->
            scope.launch { assertEquals("no more", thrownBy { ws.useSuspending { error("no more") } }?.message) }
        }
        closesWith(4001) { scope, ws ->
            scope.launch { ws.useSuspending { it.closeSuspending(CloseCode(4001), "told") } }
        }
    }

    private suspend fun TestScope.closesWith(code: Int, use: (CoroutineScope, Connection) -> Job) {
        Pair().use { pair ->
            val job = use(this, pair.ws)
            val answering = FutureTask {
                pair.peer.expectClose(code)
                assertTrue(job.isActive) // It waits for our answer.
                pair.peer.sendClose(code, "")
                pair.peer.expectEnd()
                pair.peer.close() // Or it waits for this.
            }
            Thread.ofVirtual().start(answering)
            job.join()
            answering.get(1, TimeUnit.MINUTES)
            assertEquals(code, pair.ws.closeStatus().orElseThrow().code().value())
        }
    }

    @Test
    fun `a slow collector slows the peer down`() = test {
        val sent = 5000
        Pair().use { pair ->
            val writing = Thread.ofVirtual().start { repeat(sent) { pair.peer.sendText("$it" + "x".repeat(1000)) } }
            val gate = CompletableDeferred<Unit>()
            var seen = 0
            val collecting = launch {
                pair.ws.messages().take(sent).collect {
                    gate.await()
                    assertTrue(it.text().startsWith("${seen++}x"))
                }
            }
            while (writing.state != Thread.State.WAITING && writing.state != Thread.State.TIMED_WAITING) {
                assertTrue(writing.isAlive) { "5 MB were taken, though nobody collects" }
                yield()
            }
            gate.complete(Unit)
            collecting.join()
            assertEquals(sent, seen)
        }
    }

    @Test
    fun `many connections wait at once`() = test {
        val pairs = List(500) { Pair() }
        val heard = MutableList(pairs.size) { "" }
        val collecting = pairs.mapIndexed { i, pair -> launch { heard[i] = pair.ws.messages().first().text() } }
        pairs.asReversed().forEachIndexed { i, pair -> pair.peer.sendText("${pairs.size - 1 - i}") }
        collecting.forEach { it.join() }
        assertEquals(pairs.indices.map { "$it" }, heard)
        pairs.forEach { it.close() }
    }

    @Test
    fun `a dial that is cancelled leaves nothing open`() = test {
        ServerSocket(0).use { silent ->
            val dialing = launch(start = CoroutineStart.UNDISPATCHED) {
                Dialer.create().open(URI.create("ws://localhost:${silent.localPort}"))
                awaitCancellation()
            }
            silent.accept().use { accepted ->
                accepted.soTimeout = 60_000
                val request = accepted.getInputStream().bufferedReader()
                while (request.readLine().isNotEmpty()) {} // Now it waits for the answer.
                dialing.cancelAndJoin()
                val end = runCatching { request.read() }
                assertTrue(end.getOrDefault(-1) == -1 && end.exceptionOrNull() !is SocketTimeoutException, "$end")
            }
        }
    }

    @Test
    fun `an error of the library is thrown as it is`() = test {
        Pair().use { pair ->
            assertTrue(thrownBy { pair.ws.sendText("\ud800") } is IllegalArgumentException)
            pair.ws.abort()
            assertTrue(thrownBy { pair.ws.sendText("late") } is ConnectionClosedException)
        }
    }
}
