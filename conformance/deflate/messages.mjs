// SPDX-License-Identifier: Apache-2.0
//
// The messages that go to and fro. Runs in Node.js and, its text put into a page, in a browser; so it imports nothing.

const KIB = 1024;

/** Text of so many bytes that looks like what people send. */
export function json(length, number) {
    let text = '';
    while (text.length < length) {
        text += JSON.stringify({
            id: number(1e9), name: `sensor ${number(50)}`, unit: ['°C', 'hPa', '%'][number(3)], value: number(1e5) / 100,
            tags: ['indoor', 'ground floor', 'calibrated'].slice(number(3)), note: 'κόσμε 🦧',
        });
    }
    const bytes = new TextEncoder().encode(text).subarray(0, length);
    // Not inside a letter: what is left of one at the end becomes blanks.
    let end = bytes.length;
    while (end > 0 && (bytes[end - 1] & 0xc0) === 0x80) {
        end--;
    }
    if (end > 0 && bytes[end - 1] >= 0xc0) {
        end--;
    }
    return bytes[bytes.length - 1] < 0x80 ? bytes : bytes.fill(0x20, end);
}

export function random(length, number) {
    return Uint8Array.from({ length }, () => number(256));
}

/**
 * Some dozens of messages: empty ones, every length around the thresholds and around the forms of a frame's length, JSON
 * and random bytes up to 100 KiB, whole and, where parts is above 1, to be sent in so many fragments.
 */
export function messages(thresholds, number) {
    const list = [];
    const text = (length, parts = 1) => list.push({ binary: false, bytes: json(length, number), parts });
    const binary = (length, parts = 1) => list.push({ binary: true, bytes: random(length, number), parts });
    const again = () => list.push(list[number(list.length)]);

    text(0);
    binary(0);
    for (const length of thresholds.flatMap(threshold => [threshold - 1, threshold, threshold + 1])) {
        if (length >= 0) {
            text(length);
            binary(length);
        }
    }
    for (const length of [125, 126, 65_535, 65_536]) {
        text(length);
    }
    for (let i = 0; i < 8; i++) {
        text(1 + number(4000));
        again();
        binary(number(5000));
    }
    text(100 * KIB, 7);
    binary(100 * KIB, 5);
    list.push({ binary: true, bytes: json(100 * KIB, number), parts: 1 });
    text(0, 3);
    text(2000);
    again();
    return list;
}

/** Where the text is cut into fragments; the first and the last may be empty. */
export function cuts(length, parts, number) {
    const inner = Array.from({ length: parts - 1 }, () => number(length + 1)).sort((a, b) => a - b);
    return [0, ...inner, length];
}

export function same(a, b) {
    return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
