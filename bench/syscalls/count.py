# SPDX-License-Identifier: Apache-2.0
"""Talks to an echo server that runs under strace, and counts what it did on the connection's socket.

count.py PORT TRACE ROUNDS: both faces; status 1 if 16 small messages at once take more than BOUND reads or writes, if the event face
makes more than EVENT_BOUND calls on the socket for one message, or changes what its selector waits for.
"""

import os
import re
import socket
import struct
import sys
import time

BOUND = 1.2
EVENT_BOUND = 2.05  # one read and one write; the rest is for a message that comes in two pieces now and then
CTL_BOUND = 0.05
BATCH = 16
BATCHED = f"{BATCH} messages of 16 bytes at once"
SINGLE = "1 message of 16 bytes"
LARGE = "1 message of 1 MiB"
FACES = (("blocking", "/echo"), ("event", "/echo/event"))
WARM_UP_ROUNDS = 300
SETTLE_SECONDS = 5

READS = {"read", "readv", "recvfrom", "recvmsg"}
WRITES = {"write", "writev", "sendto", "sendmsg"}

# PID CALL(FD<SOCKET>, ... = RESULT; an unfinished call names the descriptor, its resumption has the result.
CALL = re.compile(r"^(\d+) +(\w+)\((\d+)(<.*?>)?[,)]")
EPOLL_CTL = re.compile(r"^(\d+) +epoll_ctl\(\d+(?:<[^>]*>)?, \w+, (\d+)(<.*?>),")
RESUMED = re.compile(r"^(\d+) +<\.\.\. (\w+) resumed>")
RESULT = re.compile(r"= (-?\d+)(?: (\w+))?(?: \(.*\))?$")


def frame(opcode, payload):
    """A masked frame, its masking key zero."""
    length = len(payload)
    if length < 126:
        size = struct.pack("!B", 0x80 | length)
    elif length < 1 << 16:
        size = struct.pack("!BH", 0x80 | 126, length)
    else:
        size = struct.pack("!BQ", 0x80 | 127, length)
    return bytes([0x80 | opcode]) + size + bytes(4) + payload


def echo_length(payload_length):
    return payload_length + (2 if payload_length < 126 else 4 if payload_length < 1 << 16 else 10)


def receive(sock, length):
    left = length
    while left:
        got = sock.recv(min(left, 1 << 20))
        if not got:
            sys.exit("FAIL: the server closed the connection")
        left -= len(got)


def connect(port, path):
    sock = socket.create_connection(("127.0.0.1", port), timeout=30)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.sendall((
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n").encode())
    head = b""
    while b"\r\n\r\n" not in head:
        head += sock.recv(4096)
    if not head.startswith(b"HTTP/1.1 101 "):
        sys.exit("FAIL: no 101: " + repr(head[:80]))
    return sock


def rounds(sock, count, messages, payload_length):
    segment = frame(2, bytes(payload_length)) * messages
    for _ in range(count):
        sock.sendall(segment)
        receive(sock, echo_length(payload_length) * messages)


def settled(trace):
    """The trace's size once it has stopped growing for a moment."""
    size, deadline = -1, time.monotonic() + SETTLE_SECONDS
    while time.monotonic() < deadline:
        now = os.path.getsize(trace)
        if now == size:
            break
        size = now
        time.sleep(0.3)
    return os.path.getsize(trace)


def counted(trace, start, end, ours):
    """What was called between two places of the trace on the socket whose description ends with OURS."""
    counts = {"reads": 0, "EAGAIN": 0, "writes": 0, "epoll_ctl": 0, "epoll_wait": 0}
    pending = {}
    with open(trace, "rb") as file:
        file.seek(start)
        lines = file.read(end - start).decode(errors="replace").splitlines()
    for line in lines:
        resumed = RESUMED.match(line)
        if resumed:
            call = pending.pop((resumed.group(1), resumed.group(2)), None)
        else:
            call = call_on(line, ours)
            if call and line.endswith("<unfinished ...>"):
                pending[(line.split()[0], call)] = call
                continue
        result = RESULT.search(line)
        if call is None or result is None:
            continue
        if call in READS or call in WRITES:
            kind = "EAGAIN" if result.group(2) == "EAGAIN" else "reads" if call in READS else "writes"
            counts[kind] += 1
        else:
            counts[call] += 1
    return counts


def call_on(line, ours):
    """The name of the call if it is about our socket, or a wait for any."""
    ctl = EPOLL_CTL.match(line)
    if ctl:
        return "epoll_ctl" if ours in ctl.group(3) else None
    call = CALL.match(line)
    if call is None:
        return None
    if call.group(2) == "epoll_wait":
        return "epoll_wait"
    return call.group(2) if ours in line.split(" = ")[0] else None


def measure(port, path, trace, count):
    """What the server called per round, by what the round was."""
    sock = connect(port, path)
    ours = f":{sock.getsockname()[1]}]>"  # of TCP:[server:port->us:port]
    measured = {}
    for name, batch, payload, repeat in ((BATCHED, BATCH, 16, count), (SINGLE, 1, 16, count), (LARGE, 1, 1 << 20, 5)):
        rounds(sock, min(WARM_UP_ROUNDS, repeat), batch, payload)
        start = settled(trace)
        rounds(sock, repeat, batch, payload)
        counts = counted(trace, start, settled(trace), ours)
        measured[name] = {kind: n / repeat for kind, n in counts.items()}
    sock.close()
    return measured


def show(face, count, measured):
    print(f"{face + ' face, ' + str(count) + ' rounds of':34}{'reads':>8}{'EAGAIN':>8}{'writes':>8}{'epoll_ctl':>11}"
          f"{'epoll_wait':>12}")
    for name, per in measured.items():
        print(f"{name:34}{per['reads']:8.2f}{per['EAGAIN']:8.2f}{per['writes']:8.2f}"
              f"{per['epoll_ctl']:11.2f}{per['epoll_wait']:12.2f}")


def faults_of(face, measured):
    batch = measured[BATCHED]
    faults = [f"{batch[kind]:.2f} {kind} for {BATCH} messages, not 0.9 to {BOUND}"
              for kind in ("reads", "writes") if not 0.9 <= batch[kind] <= BOUND]
    if face == "event":
        for name in (BATCHED, SINGLE):
            per = measured[name]
            calls = per["reads"] + per["EAGAIN"] + per["writes"]
            bound = EVENT_BOUND if name == SINGLE else 2 * BOUND
            if calls > bound:
                faults.append(f"{calls:.2f} calls on the socket for {name}, not {bound} at most")
            if per["epoll_ctl"] > CTL_BOUND:
                faults.append(f"{per['epoll_ctl']:.2f} changes of the interest for {name}: nothing was blocked")
    if measured[LARGE]["writes"] == 0:
        faults.append("no write was seen: the trace is not understood")
    return [face + " face: " + fault for fault in faults]


def main():
    port, trace, count = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    faults = []
    for face, path in FACES:
        measured = measure(port, path, trace, count)
        show(face, count, measured)
        faults += faults_of(face, measured)
    for fault in faults:
        print("FAIL: " + fault)
    sys.exit(1 if faults else 0)


main()
