// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.bench;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.File;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.util.Locale;

/**
 * A message codec of a system library, by the foreign-function API: what an optional fast path would be. Only for
 * 64-bit machines whose {@code long} has 64 bits, which fixes the layout of zlib's stream. One thread at a time.
 */
abstract sealed class NativeDeflate implements AutoCloseable {
    /** What the sender cut off, and an empty final block, so that whoever inflates sees the end. */
    static final byte[] TAIL = {0, 0, (byte) 0xFF, (byte) 0xFF, 1, 0, 0, (byte) 0xFF, (byte) 0xFF};

    final Arena arena = Arena.ofConfined();

    /** The bytes of a message outside the heap, where the library cannot be given an array. */
    final MemorySegment copy;

    NativeDeflate(int most) {
        copy = arena.allocate(most);
    }

    /** {@return how long the payload is that {@code plain} becomes} */
    abstract int deflate(byte[] plain, MemorySegment out);

    /** {@return how long the message is}. Behind the payload there must be the {@link #TAIL}. */
    abstract int inflate(MemorySegment payloadAndTail, MemorySegment out);

    @Override
    public void close() {
        arena.close();
    }

    /**
     * {@return the codec of that name}
     *
     * @param name {@code libz WINDOW/MEMORY KEPT} where {@code KEPT} is the bits of what is kept of earlier messages,
     *     or 0 for no takeover; {@code libdeflate array} or {@code libdeflate copy}, for how the message gets to it
     * @param most the longest message
     * @throws IllegalArgumentException if the library is not there
     */
    static NativeDeflate of(String name, int level, int most) {
        String[] word = name.split("[ /]", -1);
        return word[0].equals("libdeflate")
                ? new Libdeflate(level, most, word[1].equals("array"))
                : new Libz(
                        level, Integer.parseInt(word[1]), Integer.parseInt(word[2]), Integer.parseInt(word[3]), most);
    }

    /** A library under its usual name, or where the property {@code gibbon.bench.NAME} says. */
    private static SymbolLookup library(String name, String version) {
        String usual =
                System.getProperty("os.name", "").toLowerCase(Locale.ROOT).contains("mac")
                        ? System.mapLibraryName(name)
                        : "lib" + name + ".so." + version;
        String at = System.getProperty("gibbon.bench." + name, usual);
        return at.contains(File.separator)
                ? SymbolLookup.libraryLookup(java.nio.file.Path.of(at), Arena.global())
                : SymbolLookup.libraryLookup(at, Arena.global());
    }

    private static MethodHandle function(
            SymbolLookup library, String name, FunctionDescriptor type, Linker.Option... options) {
        return Linker.nativeLinker().downcallHandle(library.findOrThrow(name), type, options);
    }

    private static IllegalStateException failed(Throwable t) {
        return new IllegalStateException(t);
    }

    /**
     * zlib, or a library with its interface. Its stream holds the addresses of the buffers, so none can be an array.
     */
    static final class Libz extends NativeDeflate {
        private static final int STREAM_BYTES = 112;
        private static final int NEXT_IN = 0;
        private static final int AVAIL_IN = 8;
        private static final int NEXT_OUT = 24;
        private static final int AVAIL_OUT = 32;
        private static final int SYNC_FLUSH = 2;
        private static final int DEFLATED = 8;
        private static final int TAIL_BYTES = 4;

        private final MethodHandle deflate;
        private final MethodHandle deflateReset;
        private final MethodHandle deflateSetDictionary;
        private final MethodHandle inflate;
        private final MethodHandle inflateReset;
        private final MethodHandle inflateSetDictionary;
        private final MemorySegment out = arena.allocate(STREAM_BYTES, 8);
        private final MemorySegment in = arena.allocate(STREAM_BYTES, 8);
        private final byte[] sent;
        private final byte[] received;
        private final MemorySegment sentSegment;
        private final MemorySegment receivedSegment;
        private int sentBytes;
        private int receivedBytes;

        Libz(int level, int windowBits, int memLevel, int keptBits, int most) {
            super(most);
            SymbolLookup library = library("z", "1");
            Linker.Option[] critical = Boolean.getBoolean("gibbon.bench.plain")
                    ? new Linker.Option[0]
                    : new Linker.Option[] {Linker.Option.critical(false)};
            FunctionDescriptor run = FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_INT);
            FunctionDescriptor reset = FunctionDescriptor.of(JAVA_INT, JAVA_LONG);
            FunctionDescriptor prime = FunctionDescriptor.of(JAVA_INT, JAVA_LONG, ADDRESS, JAVA_INT);
            deflate = function(library, "deflate", run, critical);
            inflate = function(library, "inflate", run, critical);
            deflateReset = function(library, "deflateReset", reset, critical);
            inflateReset = function(library, "inflateReset", reset, critical);
            deflateSetDictionary = function(library, "deflateSetDictionary", prime, Linker.Option.critical(true));
            inflateSetDictionary = function(library, "inflateSetDictionary", prime, Linker.Option.critical(true));
            sent = new byte[keptBits == 0 ? 0 : 1 << keptBits];
            received = sent.clone();
            sentSegment = MemorySegment.ofArray(sent);
            receivedSegment = MemorySegment.ofArray(received);
            try {
                MemorySegment version = (MemorySegment) function(library, "zlibVersion", FunctionDescriptor.of(ADDRESS))
                        .invokeExact();
                check((int) function(
                                library,
                                "deflateInit2_",
                                FunctionDescriptor.of(
                                        JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, ADDRESS,
                                        JAVA_INT))
                        .invokeExact(out, level, DEFLATED, -windowBits, memLevel, 0, version, STREAM_BYTES));
                check((int) function(
                                library,
                                "inflateInit2_",
                                FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT, ADDRESS, JAVA_INT))
                        .invokeExact(in, -15, version, STREAM_BYTES));
            } catch (Throwable t) {
                throw failed(t);
            }
        }

        @Override
        int deflate(byte[] plain, MemorySegment to) {
            try {
                check((int) deflateReset.invokeExact(out.address()));
                if (sentBytes > 0) {
                    check((int) deflateSetDictionary.invokeExact(out.address(), sentSegment, sentBytes));
                }
                MemorySegment.copy(plain, 0, copy, java.lang.foreign.ValueLayout.JAVA_BYTE, 0, plain.length);
                give(out, copy, plain.length, to);
                check((int) deflate.invokeExact(out.address(), SYNC_FLUSH));
                if (sent.length > 0) {
                    sentBytes = keep(sent, sentBytes, copy, plain.length);
                }
                return (int) to.byteSize() - out.get(JAVA_INT, AVAIL_OUT) - TAIL_BYTES;
            } catch (Throwable t) {
                throw failed(t);
            }
        }

        @Override
        int inflate(MemorySegment payloadAndTail, MemorySegment to) {
            try {
                check((int) inflateReset.invokeExact(in.address()));
                if (receivedBytes > 0) {
                    check((int) inflateSetDictionary.invokeExact(in.address(), receivedSegment, receivedBytes));
                }
                give(in, payloadAndTail, (int) payloadAndTail.byteSize(), to);
                if ((int) inflate.invokeExact(in.address(), SYNC_FLUSH) != 1) {
                    throw new IllegalStateException("not the end");
                }
                int length = (int) to.byteSize() - in.get(JAVA_INT, AVAIL_OUT);
                if (received.length > 0) {
                    receivedBytes = keep(received, receivedBytes, to, length);
                }
                return length;
            } catch (Throwable t) {
                throw failed(t);
            }
        }

        private static void give(MemorySegment stream, MemorySegment from, int length, MemorySegment to) {
            stream.set(JAVA_LONG, NEXT_IN, from.address());
            stream.set(JAVA_INT, AVAIL_IN, length);
            stream.set(JAVA_LONG, NEXT_OUT, to.address());
            stream.set(JAVA_INT, AVAIL_OUT, (int) to.byteSize());
        }

        /** Appends to what is kept of earlier messages, and returns how much that is now. */
        private static int keep(byte[] kept, int size, MemorySegment from, int length) {
            int added = Math.min(length, kept.length);
            int left = Math.min(size, kept.length - added);
            System.arraycopy(kept, size - left, kept, 0, left);
            MemorySegment.copy(from, java.lang.foreign.ValueLayout.JAVA_BYTE, length - added, kept, left, added);
            return left + added;
        }

        private static void check(int status) {
            if (status != 0) {
                throw new IllegalStateException("zlib: " + status);
            }
        }
    }

    /** libdeflate: whole messages without takeover. What it puts out ends in a final block (RFC 7692 §7.2.3.4). */
    static final class Libdeflate extends NativeDeflate {
        private final MethodHandle compress;
        private final MethodHandle decompress;
        private final MemorySegment compressor;
        private final MemorySegment decompressor;
        private final MemorySegment lengths = arena.allocate(16, 8);
        private final boolean array;

        Libdeflate(int level, int most, boolean array) {
            super(most);
            this.array = array;
            SymbolLookup library = library("deflate", "0");
            compress = function(
                    library,
                    "libdeflate_deflate_compress",
                    FunctionDescriptor.of(JAVA_LONG, ADDRESS, ADDRESS, JAVA_LONG, ADDRESS, JAVA_LONG),
                    Linker.Option.critical(true));
            decompress = function(
                    library,
                    "libdeflate_deflate_decompress",
                    FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS, JAVA_LONG, ADDRESS, JAVA_LONG, ADDRESS),
                    Linker.Option.critical(false));
            try {
                compressor = (MemorySegment)
                        function(library, "libdeflate_alloc_compressor", FunctionDescriptor.of(ADDRESS, JAVA_INT))
                                .invokeExact(level);
                decompressor = (MemorySegment)
                        function(library, "libdeflate_alloc_decompressor", FunctionDescriptor.of(ADDRESS))
                                .invokeExact();
            } catch (Throwable t) {
                throw failed(t);
            }
        }

        @Override
        int deflate(byte[] plain, MemorySegment to) {
            MemorySegment from = array
                    ? MemorySegment.ofArray(plain)
                    : copy.copyFrom(MemorySegment.ofArray(plain)).asSlice(0, plain.length);
            try {
                long length = (long) compress.invokeExact(compressor, from, (long) plain.length, to, to.byteSize());
                return (int) length + 1; // The zero byte behind a final block.
            } catch (Throwable t) {
                throw failed(t);
            }
        }

        @Override
        int inflate(MemorySegment payloadAndTail, MemorySegment to) {
            try {
                int status = (int) decompress.invokeExact(
                        decompressor, payloadAndTail, payloadAndTail.byteSize(), to, to.byteSize(), lengths);
                if (status != 0) {
                    throw new IllegalStateException("libdeflate: " + status);
                }
                return (int) lengths.get(JAVA_LONG, 0);
            } catch (Throwable t) {
                throw failed(t);
            }
        }
    }
}
