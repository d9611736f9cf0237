// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ByteSizeTest {
    @ParameterizedTest
    @CsvSource({
        "512, 512, 512 bytes",
        "1b, 1, 1 byte",
        "64k, 65536, 64 KiB",
        "64KB, 65536, 64 KiB",
        "1MiB, 1048576, 1 MiB",
        "3 m, 3145728, 3 MiB",
        "1G, 1073741824, 1 GiB",
        "2147483639, 2147483639, 2147483639 bytes"
    })
    void readsWhatPeopleWrite(String text, int bytes, String shown) {
        ByteSize size = ByteSize.parse(text);
        assertEquals(bytes, size.bytes());
        assertEquals(shown, size.toString());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "k",
                "-1",
                "0",
                "0k",
                "1.5m",
                "3x",
                "2g",
                "2147483640",
                "999999999999999999g",
                "12345678901234567890"
            })
    void refusesWhatIsNoSizeOfAMessage(String text) {
        assertThrows(IllegalArgumentException.class, () -> ByteSize.parse(text));
    }
}
