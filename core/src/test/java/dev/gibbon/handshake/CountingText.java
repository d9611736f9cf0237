// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.handshake;

/** A text that counts how often one of its characters is looked at: the work of a parser without a clock. */
final class CountingText implements CharSequence {
    private final String text;
    private long looks;

    CountingText(String text) {
        this.text = text;
    }

    long looks() {
        return looks;
    }

    @Override
    public int length() {
        return text.length();
    }

    @Override
    public char charAt(int index) {
        looks++;
        return text.charAt(index);
    }

    @Override
    public CharSequence subSequence(int start, int end) {
        looks += end - start;
        return text.substring(start, end);
    }

    @Override
    public String toString() {
        looks += text.length();
        return text;
    }
}
