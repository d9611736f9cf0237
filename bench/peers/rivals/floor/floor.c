// SPDX-License-Identifier: Apache-2.0
//
// The floor of bench/peers: a WebSocket echo on bare epoll. It does what RFC 6455 asks of a server that echoes and nothing
// else: no TLS, no extension, no timer, no check of UTF-8. Other servers are measured against it.
//
//   floor PORT      threads: PEERS_LOOPS, 1 unless set
//
// Each thread owns a listening socket (SO_REUSEPORT), an epoll and one receive buffer that all its connections share. All frames
// that one read brought are unmasked where they lie, close up behind each other as the answer, and go out in one send. A frame that is
// cut off waits with its connection: small ones are put before the next read, a large one gets a buffer of its size to read into.
#define _GNU_SOURCE
#include <errno.h>
#include <malloc.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    FIN_BIT = 0x80, RSV_BITS = 0x70, OPCODE_BITS = 0x0f, MASK_BIT = 0x80, LENGTH_BITS = 0x7f, // §5.2
    CONTINUATION = 0, TEXT = 1, BINARY = 2, CLOSE = 8, PING = 9, PONG = 10,
    CONTROL_BIT = 8,
    MAX_CONTROL_PAYLOAD = 125,                // §5.5
    MAX_SERVER_HEADER = 2 + 8,
    MAX_MESSAGE = 64 << 20,
    MAX_REQUEST = 8 << 10,                    // of the opening handshake
    MAX_QUEUED = 256 << 20,                   // a member of /broadcast that is further behind is dropped
    SHARED = (256 + 16) << 10,                // 16 frames of 16 KiB and their headers fit
    LARGE_FRAME = 64 << 10,                   // from here on a cut frame gets a buffer of its own
    PEEK = 4 << 10,                           // how much to read where a large frame is likely: its header and little to copy
    EVENTS = 512,
    PROTOCOL_ERROR = 1002, MESSAGE_TOO_BIG = 1009,
};

struct span { uint8_t *base; size_t from, to, capacity; }; // bytes [from, to) of a block of malloc's

enum state { HANDSHAKE, OPEN, CLOSING, DEAD };

struct connection {
    int fd;
    enum state state;
    bool broadcast;                           // on /broadcast, not /echo
    bool expects_large;                       // the last frame was a large one
    uint8_t fragmented;                       // opcode of the message that is under way, 0 if none is
    uint32_t watched;                         // what epoll is told to watch
    size_t message_length;                    // of the fragments so far
    struct span stash;                        // a request or a small frame that is cut off
    struct span large;                        // a large one, unmasked as it comes: `from` is how far, `to` how much came
    size_t large_header, large_total;
    struct span message;                      // on /broadcast: the fragments so far, their server header's room before them
    struct span out;                          // what the socket would not take yet
    struct connection *previous, *next;       // the members of /broadcast, or those to be freed
};

struct batch { size_t length; unsigned references; uint8_t bytes[]; }; // frames for all members of /broadcast
struct letter { struct batch *batch; struct letter *next; };

struct loop {
    int epoll, listener, wake;
    pthread_t thread;
    struct connection *members, *dead;
    pthread_mutex_t mailbox;                  // guards first and last
    struct letter *first, *last;
    uint8_t *shared;                          // SHARED bytes
};

static struct loop *loops;
static unsigned loop_count;

static void *must(void *block) {
    if (!block) {
        fputs("floor: no memory\n", stderr);
        abort();
    }
    return block;
}

static void check(bool ok, const char *what) {
    if (!ok) {
        perror(what);
        exit(1);
    }
}

// ---- opening handshake (§4.2) ----

static uint32_t rotate(uint32_t word, int by) { return word << by | word >> (32 - by); }

static void sha1_block(uint32_t h[5], const uint8_t *block) {
    uint32_t w[80], a = h[0], b = h[1], c = h[2], d = h[3], e = h[4];
    for (int i = 0; i < 16; i++)
        w[i] = (uint32_t)block[4 * i] << 24 | (uint32_t)block[4 * i + 1] << 16 | (uint32_t)block[4 * i + 2] << 8 | block[4 * i + 3];
    for (int i = 16; i < 80; i++) w[i] = rotate(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
    for (int i = 0; i < 80; i++) {
        uint32_t f, k;
        if (i < 20) f = (b & c) | (~b & d), k = 0x5a827999;
        else if (i < 40) f = b ^ c ^ d, k = 0x6ed9eba1;
        else if (i < 60) f = (b & c) | (b & d) | (c & d), k = 0x8f1bbcdc;
        else f = b ^ c ^ d, k = 0xca62c1d6;
        uint32_t next = rotate(a, 5) + f + e + k + w[i];
        e = d, d = c, c = rotate(b, 30), b = a, a = next;
    }
    h[0] += a, h[1] += b, h[2] += c, h[3] += d, h[4] += e;
}

// Sec-WebSocket-Accept for a key of 24 characters: with the GUID 60 bytes, which SHA-1 pads to two blocks.
static void accept_key(const char *key, char accept[29]) {
    uint8_t message[128] = {0}, hash[21] = {0};
    memcpy(message, key, 24);
    memcpy(message + 24, "258EAFA5-E914-47DA-95CA-C5AB0DC85B11", 36);
    message[60] = 0x80;
    message[126] = 60 * 8 >> 8, message[127] = 60 * 8 & 0xff;
    uint32_t h[5] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
    sha1_block(h, message);
    sha1_block(h, message + 64);
    for (int i = 0; i < 20; i++) hash[i] = (uint8_t)(h[i / 4] >> (24 - 8 * (i % 4)));
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (int i = 0; i < 7; i++) {
        uint32_t three = (uint32_t)hash[3 * i] << 16 | (uint32_t)hash[3 * i + 1] << 8 | hash[3 * i + 2];
        for (int j = 0; j < 4; j++) accept[4 * i + j] = digits[three >> (18 - 6 * j) & 63];
    }
    accept[27] = '='; // 20 bytes: the last group is one short
    accept[28] = 0;
}

// The value of the header `name`, trimmed and ended by a 0; NULL if it is absent. `head` ends in an empty line and a 0.
static const char *header_value(const char *head, const char *name, char *value, size_t size) {
    size_t length = strlen(name);
    for (const char *line = strstr(head, "\r\n"); line && line[2] != '\r'; line = strstr(line, "\r\n")) {
        line += 2;
        if (strncasecmp(line, name, length) != 0 || line[length] != ':') continue;
        const char *from = line + length + 1, *to = strstr(from, "\r\n");
        while (*from == ' ' || *from == '\t') from++;
        while (to > from && (to[-1] == ' ' || to[-1] == '\t')) to--;
        if ((size_t)(to - from) >= size) return NULL;
        memcpy(value, from, (size_t)(to - from));
        value[to - from] = 0;
        return value;
    }
    return NULL;
}

// Writes the answer to the request; says whether it is an upgrade.
static bool answer_request(struct connection *c, const char *head, char *answer, size_t size) {
    char value[256], accept[29];
    c->broadcast = strncmp(head, "GET /broadcast HTTP/1.1\r\n", 25) == 0;
    const char *refusal = NULL;
    if (!c->broadcast && strncmp(head, "GET /echo HTTP/1.1\r\n", 20) != 0) refusal = "404 Not Found";
    else if (!header_value(head, "Upgrade", value, sizeof value) || strcasecmp(value, "websocket") != 0
            || !header_value(head, "Connection", value, sizeof value) || !strcasestr(value, "upgrade")
            || !header_value(head, "Sec-WebSocket-Version", value, sizeof value) || strcmp(value, "13") != 0)
        refusal = "426 Upgrade Required";
    else if (!header_value(head, "Sec-WebSocket-Key", value, sizeof value) || strlen(value) != 24) refusal = "400 Bad Request";
    if (refusal) {
        snprintf(answer, size, "HTTP/1.1 %s\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nConnection: close\r\n"
                 "Content-Length: 0\r\n\r\n", refusal);
        return false;
    }
    accept_key(value, accept);
    snprintf(answer, size, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
             "Sec-WebSocket-Accept: %s\r\n\r\n", accept);
    return true;
}

// ---- connections ----

static void release(struct span *span) {
    free(span->base);
    *span = (struct span){0};
}

static void append(struct span *span, const uint8_t *bytes, size_t length) {
    if (span->from >= span->to / 2 && span->from > 0) { // else what was sent would pile up in front
        memmove(span->base, span->base + span->from, span->to - span->from);
        span->to -= span->from, span->from = 0;
    }
    if (span->to + length > span->capacity) {
        span->capacity = span->base ? 2 * (span->to + length) : length;
        span->base = must(realloc(span->base, span->capacity));
    }
    memcpy(span->base + span->to, bytes, length);
    span->to += length;
}

// Closes it at once; freed after this round of events, some of which may name it.
static void drop(struct loop *loop, struct connection *c) {
    if (c->state == DEAD) return;
    if (c->broadcast && c->state != HANDSHAKE) {
        if (c->previous) c->previous->next = c->next;
        else if (loop->members == c) loop->members = c->next;
        if (c->next) c->next->previous = c->previous;
    }
    close(c->fd);
    c->state = DEAD;
    c->next = loop->dead;
    loop->dead = c;
}

static void free_dead(struct loop *loop) {
    while (loop->dead) {
        struct connection *c = loop->dead;
        loop->dead = c->next;
        release(&c->stash), release(&c->large), release(&c->message), release(&c->out);
        free(c);
    }
}

static void watch(struct loop *loop, struct connection *c, uint32_t events) {
    if (c->watched == events) return;
    c->watched = events;
    struct epoll_event event = {.events = events, .data.ptr = c};
    epoll_ctl(loop->epoll, EPOLL_CTL_MOD, c->fd, &event);
}

// Sends what it can. What is left goes behind what waits already; meanwhile nothing is read from this connection.
static void transmit(struct loop *loop, struct connection *c, const uint8_t *bytes, size_t length) {
    if (c->state == DEAD) return;
    if (!c->out.base) {
        ssize_t sent = send(c->fd, bytes, length, MSG_NOSIGNAL);
        if (sent == (ssize_t)length) return;
        if (sent < 0) {
            if (errno != EAGAIN && errno != EINTR) {
                drop(loop, c);
                return;
            }
            sent = 0;
        }
        bytes += sent, length -= (size_t)sent;
    }
    if (c->out.to - c->out.from + length > MAX_QUEUED) {
        drop(loop, c);
        return;
    }
    append(&c->out, bytes, length);
    watch(loop, c, EPOLLOUT);
}

static void on_writable(struct loop *loop, struct connection *c) {
    ssize_t sent = send(c->fd, c->out.base + c->out.from, c->out.to - c->out.from, MSG_NOSIGNAL);
    if (sent < 0) {
        if (errno != EAGAIN && errno != EINTR) drop(loop, c);
        return;
    }
    c->out.from += (size_t)sent;
    if (c->out.from < c->out.to) return;
    release(&c->out);
    watch(loop, c, EPOLLIN);
    if (c->state == CLOSING) shutdown(c->fd, SHUT_WR);
}

// After a Close or a refusal: sends it, reads until the peer closes too, so that no reset overtakes what was sent (§7.1.1).
static void end(struct loop *loop, struct connection *c, const uint8_t *bytes, size_t length) {
    transmit(loop, c, bytes, length);
    if (c->state == DEAD) return;
    if (c->broadcast && c->state == OPEN) {
        if (c->previous) c->previous->next = c->next;
        else loop->members = c->next;
        if (c->next) c->next->previous = c->previous;
        c->broadcast = false;
    }
    c->state = CLOSING;
    if (!c->out.base) shutdown(c->fd, SHUT_WR);
}

// ---- /broadcast ----

static void deliver(struct loop *loop, const uint8_t *bytes, size_t length) {
    for (struct connection *c = loop->members, *next; c; c = next) {
        next = c->next;
        transmit(loop, c, bytes, length);
    }
}

static void forget(struct batch *batch) {
    if (__atomic_sub_fetch(&batch->references, 1, __ATOMIC_ACQ_REL) == 0) free(batch);
}

// To the members of this loop at once, to those of the others by their mailboxes.
static void broadcast(struct loop *loop, const uint8_t *bytes, size_t length) {
    if (loop_count > 1) {
        struct batch *batch = must(malloc(sizeof *batch + length));
        batch->length = length;
        batch->references = loop_count - 1;
        memcpy(batch->bytes, bytes, length);
        for (unsigned i = 0; i < loop_count; i++) {
            struct loop *other = &loops[i];
            if (other == loop) continue;
            struct letter *letter = must(malloc(sizeof *letter));
            *letter = (struct letter){batch, NULL};
            pthread_mutex_lock(&other->mailbox);
            bool first = !other->first;
            if (first) other->first = letter;
            else other->last->next = letter;
            other->last = letter;
            pthread_mutex_unlock(&other->mailbox);
            if (first && eventfd_write(other->wake, 1) != 0) perror("eventfd_write");
        }
    }
    deliver(loop, bytes, length);
}

static void on_mail(struct loop *loop) {
    eventfd_t count;
    eventfd_read(loop->wake, &count);
    pthread_mutex_lock(&loop->mailbox);
    struct letter *letter = loop->first;
    loop->first = loop->last = NULL;
    pthread_mutex_unlock(&loop->mailbox);
    while (letter) {
        struct letter *next = letter->next;
        deliver(loop, letter->batch->bytes, letter->batch->length);
        forget(letter->batch);
        free(letter);
        letter = next;
    }
}

// ---- frames (§5) ----

struct header { uint8_t first; uint8_t key[4]; size_t size; uint64_t length; };

// Reads the client's frame header at `bytes`; false if it is not complete.
static inline bool read_header(const uint8_t *bytes, size_t available, struct header *header) {
    if (available < 2) return false;
    uint64_t length = bytes[1] & LENGTH_BITS;
    size_t extended = length < 126 ? 0 : length == 126 ? 2 : 8;
    header->first = bytes[0];
    header->size = 2 + extended + 4;
    if (!(bytes[1] & MASK_BIT)) { // an error in any case: do not wait for more of it
        header->size = 0;
        return true;
    }
    if (available < header->size) return false;
    if (extended == 2) {
        length = (uint64_t)bytes[2] << 8 | bytes[3];
    } else if (extended == 8) {
        length = 0;
        for (int i = 2; i < 10; i++) length = length << 8 | bytes[i];
    }
    header->length = length;
    memcpy(header->key, bytes + 2 + extended, 4);
    return true;
}

// The close code that the frame calls for, 0 if it is in order.
static inline int fault(const struct connection *c, const struct header *h) {
    uint8_t opcode = h->first & OPCODE_BITS;
    if (h->size == 0 || h->first & RSV_BITS) return PROTOCOL_ERROR; // §5.1, §5.2
    if (opcode & CONTROL_BIT) {
        bool wrong = opcode > PONG || !(h->first & FIN_BIT) || h->length > MAX_CONTROL_PAYLOAD
                || (opcode == CLOSE && h->length == 1);
        return wrong ? PROTOCOL_ERROR : 0;    // §5.5
    }
    if (opcode > BINARY || (opcode == CONTINUATION) != (c->fragmented != 0)) return PROTOCOL_ERROR; // §5.4
    return h->length > MAX_MESSAGE - c->message_length ? MESSAGE_TOO_BIG : 0;
}

static inline size_t server_header_size(size_t length) { return length < 126 ? 2 : length < 65536 ? 4 : 10; }

// Writes a server's frame header that ends before `payload`; returns where it begins.
static inline uint8_t *put_header(uint8_t *payload, uint8_t first, size_t length) {
    uint8_t *at = payload - server_header_size(length);
    at[0] = first;
    if (length < 126) {
        at[1] = (uint8_t)length;
    } else if (length < 65536) {
        at[1] = 126, at[2] = (uint8_t)(length >> 8), at[3] = (uint8_t)length;
    } else {
        at[1] = 127;
        for (int i = 0; i < 8; i++) at[2 + i] = (uint8_t)((uint64_t)length >> (56 - 8 * i));
    }
    return at;
}

typedef uint64_t vector __attribute__((vector_size(32), aligned(1), may_alias));
typedef uint64_t word __attribute__((aligned(1), may_alias));

// Unmasks `length` bytes to `to`, which may overlap `from` but never lies behind it (§5.3). `phase`: how many bytes came before.
static inline void unmask(uint8_t *to, const uint8_t *from, size_t length, const uint8_t key[4], size_t phase) {
    uint8_t turned[8];
    for (size_t i = 0; i < 8; i++) turned[i] = key[(phase + i) & 3];
    uint64_t mask;
    memcpy(&mask, turned, 8);
    size_t i = 0;
    for (const vector wide = {mask, mask, mask, mask}; i + 32 <= length; i += 32)
        *(vector *)(to + i) = *(const vector *)(from + i) ^ wide;
    for (; i + 8 <= length; i += 8) *(word *)(to + i) = *(const word *)(from + i) ^ mask;
    for (; i < length; i++) to[i] = from[i] ^ turned[i & 7];
}

static void fail(struct loop *loop, struct connection *c, int code) {
    uint8_t frame[] = {FIN_BIT | CLOSE, 2, (uint8_t)(code >> 8), (uint8_t)code};
    end(loop, c, frame, sizeof frame);
}

// Sends the answers collected so far: to the sender, or to all members.
static void flush(struct loop *loop, struct connection *c, uint8_t *from, uint8_t *to) {
    if (from == to) return;
    if (c->broadcast) broadcast(loop, from, (size_t)(to - from));
    else transmit(loop, c, from, (size_t)(to - from));
}

static void track_fragments(struct connection *c, const struct header *h) {
    bool fin = h->first & FIN_BIT;
    if (!fin && !c->fragmented) c->fragmented = h->first & OPCODE_BITS;
    c->message_length = fin ? 0 : c->message_length + h->length;
    if (fin) c->fragmented = 0;
}

// On /broadcast a message goes out whole, as fragments of two senders must not mix: collects one, sends it once it is there.
static void collect(struct loop *loop, struct connection *c, const struct header *h, const uint8_t *payload) {
    static const uint8_t room[MAX_SERVER_HEADER];
    uint8_t opcode = c->fragmented ? c->fragmented : h->first & OPCODE_BITS;
    if (!c->message.base) append(&c->message, room, sizeof room);
    append(&c->message, payload, h->length);
    track_fragments(c, h);
    if (!c->fragmented) {
        uint8_t *content = c->message.base + MAX_SERVER_HEADER;
        size_t length = c->message.to - MAX_SERVER_HEADER;
        uint8_t *from = put_header(content, FIN_BIT | opcode, length);
        broadcast(loop, from, (size_t)(content + length - from));
        release(&c->message);
    }
}

// Answers all complete frames of [from, to) and keeps what is left with the connection.
static void on_frames(struct loop *loop, struct connection *c, uint8_t *from, uint8_t *to) {
    uint8_t *start = from, *filled = from; // the answers so far: they lie where the frames lay
    struct header h;
    bool known = false;
    c->expects_large = false;
    while ((known = read_header(from, (size_t)(to - from), &h))) {
        int code = fault(c, &h);
        if (code) {
            flush(loop, c, start, filled);
            fail(loop, c, code);
            return;
        }
        if ((size_t)(to - from) - h.size < h.length) break;
        uint8_t *payload = from + h.size, opcode = h.first & OPCODE_BITS;
        from = payload + h.length;
        if (opcode == PONG) continue;
        if (c->broadcast && (opcode >= CONTROL_BIT || c->fragmented || !(h.first & FIN_BIT))) {
            flush(loop, c, start, filled); // the members first, what concerns the sender alone afterwards
            start = filled = payload - server_header_size(h.length);
        } else if (start == filled) {
            start = filled = payload - server_header_size(h.length); // the first answer need not move
        }
        uint8_t *content = filled + server_header_size(h.length);
        unmask(content, payload, h.length, h.key, 0);
        if (opcode < CONTROL_BIT) {
            if (c->broadcast && (c->fragmented || !(h.first & FIN_BIT))) {
                collect(loop, c, &h, content);
                continue;
            }
            if (!(h.first & FIN_BIT) || c->fragmented) track_fragments(c, &h);
            put_header(content, h.first, h.length);
            filled = content + h.length;
            continue;
        }
        put_header(content, FIN_BIT | (opcode == PING ? PONG : CLOSE), h.length); // §5.5.1, §5.5.3: the payload comes back
        filled = content + h.length;
        if (opcode == CLOSE) {
            end(loop, c, start, (size_t)(filled - start));
            return;
        }
        if (c->broadcast) {
            transmit(loop, c, start, (size_t)(filled - start));
            start = filled = from;
        }
    }
    flush(loop, c, start, filled);
    if (c->state != OPEN || from == to) return;
    size_t left = (size_t)(to - from);
    if (known && h.size + h.length > LARGE_FRAME) {
        c->expects_large = true;
        c->large = (struct span){must(malloc(h.size + h.length)), h.size, left, h.size + h.length};
        c->large_header = h.size;
        c->large_total = h.size + h.length;
        memcpy(c->large.base, from, left);
    } else {
        append(&c->stash, from, left);
    }
}

// Reads on in a large frame and unmasks what came while it is in the cache.
static void on_large(struct loop *loop, struct connection *c) {
    struct span *large = &c->large;
    ssize_t got = recv(c->fd, large->base + large->to, c->large_total - large->to, 0);
    if (got <= 0) {
        if (got == 0 || (errno != EAGAIN && errno != EINTR)) drop(loop, c);
        return;
    }
    large->to += (size_t)got;
    struct header h = {0};
    read_header(large->base, c->large_header, &h);
    unmask(large->base + large->from, large->base + large->from, large->to - large->from, h.key, large->from - h.size);
    large->from = large->to;
    if (large->to < c->large_total) return;
    struct span whole = *large;
    *large = (struct span){0};
    uint8_t *payload = whole.base + h.size;
    if (c->broadcast && (c->fragmented || !(h.first & FIN_BIT))) {
        collect(loop, c, &h, payload);
    } else {
        if (!(h.first & FIN_BIT) || c->fragmented) track_fragments(c, &h);
        uint8_t *from = put_header(payload, h.first, h.length), *to = payload + h.length;
        if (!c->broadcast && !c->out.base) { // what the socket does not take stays in this buffer
            ssize_t sent = send(c->fd, from, (size_t)(to - from), MSG_NOSIGNAL);
            if (sent < 0 && errno != EAGAIN && errno != EINTR) {
                drop(loop, c);
            } else {
                from += sent < 0 ? 0 : sent;
                if (from < to) {
                    c->out = (struct span){whole.base, (size_t)(from - whole.base), (size_t)(to - whole.base), whole.capacity};
                    watch(loop, c, EPOLLOUT);
                    return;
                }
            }
        } else {
            flush(loop, c, from, to);
        }
    }
    free(whole.base);
}

static void on_request(struct loop *loop, struct connection *c, uint8_t *from, uint8_t *to) {
    uint8_t *after = memmem(from, (size_t)(to - from), "\r\n\r\n", 4);
    if (!after) {
        if (to - from >= MAX_REQUEST) drop(loop, c);
        else append(&c->stash, from, (size_t)(to - from));
        return;
    }
    after += 4;
    char head[MAX_REQUEST + 1], answer[512];
    size_t length = (size_t)(after - from);
    if (length > MAX_REQUEST || memchr(from, 0, length)) {
        drop(loop, c);
        return;
    }
    memcpy(head, from, length);
    head[length] = 0;
    if (!answer_request(c, head, answer, sizeof answer)) {
        c->broadcast = false;
        end(loop, c, (uint8_t *)answer, strlen(answer));
        return;
    }
    c->state = OPEN;
    if (c->broadcast) {
        c->next = loop->members;
        if (c->next) c->next->previous = c;
        loop->members = c;
    }
    transmit(loop, c, (uint8_t *)answer, strlen(answer));
    if (c->state == OPEN && after < to) on_frames(loop, c, after, to);
}

static void on_readable(struct loop *loop, struct connection *c) {
    if (c->large.base) {
        on_large(loop, c);
        return;
    }
    size_t stashed = c->stash.to;
    size_t wanted = c->expects_large ? PEEK : SHARED - stashed;
    ssize_t got = recv(c->fd, loop->shared + stashed, wanted, 0);
    if (got <= 0) {
        if (got == 0 || (errno != EAGAIN && errno != EINTR)) drop(loop, c);
        return;
    }
    if (stashed) {
        memcpy(loop->shared, c->stash.base, stashed);
        release(&c->stash);
    }
    uint8_t *to = loop->shared + stashed + got;
    switch (c->state) {
        case HANDSHAKE: on_request(loop, c, loop->shared, to); break;
        case OPEN: on_frames(loop, c, loop->shared, to); break;
        case CLOSING: case DEAD: break; // nothing counts after a Close (§5.5.1)
    }
    if (c->state == OPEN && c->large.base && !c->out.base) on_large(loop, c); // its header has come: the rest is there or on its way
}

// ---- loops ----

static void on_connections(struct loop *loop) {
    int fd;
    while ((fd = accept4(loop->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        struct connection *c = must(calloc(1, sizeof *c));
        c->fd = fd;
        c->watched = EPOLLIN;
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
        check(epoll_ctl(loop->epoll, EPOLL_CTL_ADD, fd, &event) == 0, "epoll_ctl");
    }
    check(errno == EAGAIN || errno == EINTR || errno == ECONNABORTED, "accept"); // EMFILE: better to say so than to spin
}

static void *run(void *argument) {
    struct loop *loop = argument;
    struct epoll_event events[EVENTS];
    for (;;) {
        int count = epoll_wait(loop->epoll, events, EVENTS, -1);
        for (int i = 0; i < count; i++) {
            void *source = events[i].data.ptr;
            if (source == &loop->listener) {
                on_connections(loop);
            } else if (source == &loop->wake) {
                on_mail(loop);
            } else {
                struct connection *c = source;
                if (c->state == DEAD) continue;
                if (c->out.base) on_writable(loop, c); // also told of an error
                else on_readable(loop, c);
            }
        }
        free_dead(loop);
    }
    return NULL;
}

static void open_loop(struct loop *loop, uint16_t port) {
    pthread_mutex_init(&loop->mailbox, NULL);
    loop->shared = must(malloc(SHARED));
    loop->epoll = epoll_create1(EPOLL_CLOEXEC);
    loop->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    loop->listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    check(loop->epoll >= 0 && loop->wake >= 0 && loop->listener >= 0, "socket");
    int on = 1;
    setsockopt(loop->listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (loop_count > 1) setsockopt(loop->listener, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
    setsockopt(loop->listener, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on); // what it accepts has it too
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_ANY)};
    check(bind(loop->listener, (struct sockaddr *)&address, sizeof address) == 0, "bind");
    check(listen(loop->listener, 4096) == 0, "listen");
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = &loop->listener};
    epoll_ctl(loop->epoll, EPOLL_CTL_ADD, loop->listener, &event);
    event.data.ptr = &loop->wake;
    epoll_ctl(loop->epoll, EPOLL_CTL_ADD, loop->wake, &event);
}

int main(int argc, char **argv) {
    long port = argc == 2 ? strtol(argv[1], NULL, 10) : 0;
    const char *threads = getenv("PEERS_LOOPS");
    long count = threads && *threads ? strtol(threads, NULL, 10) : 1;
    if (port < 1 || port > 65535 || count < 1 || count > 1024) {
        fputs("usage: floor PORT, PEERS_LOOPS=1...1024\n", stderr);
        return 2;
    }
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    mallopt(M_MMAP_THRESHOLD, 32 << 20); // buffers of large frames come from the heap and go back to it, not to the kernel
    mallopt(M_TRIM_THRESHOLD, 256 << 20);
    loop_count = (unsigned)count;
    loops = must(calloc(loop_count, sizeof *loops));
    for (unsigned i = 0; i < loop_count; i++) open_loop(&loops[i], (uint16_t)port);
    puts("ready");
    fflush(stdout);
    for (unsigned i = 1; i < loop_count; i++)
        check(pthread_create(&loops[i].thread, NULL, run, &loops[i]) == 0, "pthread_create");
    run(&loops[0]);
}
