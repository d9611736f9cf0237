// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.kotlin

import dev.gibbon.Dialer
import dev.gibbon.WebSocketServer
import java.net.URI
import java.nio.file.Files
import java.nio.file.Path
import kotlinx.coroutines.cancelChildren
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.flowOf
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

private fun ticks(): Flow<Int> = flowOf(1, 2, 3)

suspend fun watch(uri: URI) =
    Dialer.create().open(uri).useSuspending { ws ->
        ws.sendText("hello")
        ws.messages().collect { println(it.text()) }
    }

fun main() {
    val server = WebSocketServer.builder()
        .bind("localhost", 8080)
        .serve("/chat") { ws ->
            runBlocking {
                launch { ticks().collect { ws.sendText("tick $it") } }
                ws.messages().collect { ws.send(it) }
                coroutineContext.cancelChildren()
            }
        }
        .start()
    server.awaitShutdown()
}

/** What docs/how-to/kotlin.md shows stands above, and so compiles. */
class PageTest {
    private val here = Path.of("src/test/kotlin/dev/gibbon/kotlin/PageTest.kt")
    private val page = Path.of("../docs/how-to/kotlin.md")

    @Test
    fun `the page shows code that compiles`() {
        val compiled = Files.readString(here)
        val blocks = Regex("```kotlin\n(.*?)```", RegexOption.DOT_MATCHES_ALL).findAll(Files.readString(page)).toList()
        assertEquals(2, blocks.size)
        blocks.forEach { assertTrue(compiled.contains(it.groupValues[1])) { "not in PageTest: ${it.groupValues[1]}" } }
    }
}
