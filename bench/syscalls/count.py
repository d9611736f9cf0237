# SPDX-License-Identifier: Apache-2.0
"""Talks to an echo server that runs under strace, and counts what it did on the connection's socket.

count.py PORT TRACE ROUNDS: status 1 if 16 small messages at once take more than BOUND reads or writes.
"""

import os
import re
import socket
import struct
import sys
import time

BOUND = 1.2
BATCH = 16
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


def connect(port):
    sock = socket.create_connection(("127.0.0.1", port), timeout=30)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.sendall((
        f"GET /echo HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
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


def main():
    port, trace, count = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    sock = connect(port)
    ours = f":{sock.getsockname()[1]}]>"  # of TCP:[server:port->us:port]
    measured = {}
    for name, batch, payload, repeat in (
            ("16 messages of 16 bytes at once", BATCH, 16, count),
            ("1 message of 16 bytes", 1, 16, count),
            ("1 message of 1 MiB", 1, 1 << 20, 5)):
        rounds(sock, min(WARM_UP_ROUNDS, repeat), batch, payload)
        start = settled(trace)
        rounds(sock, repeat, batch, payload)
        counts = counted(trace, start, settled(trace), ours)
        measured[name] = {kind: n / repeat for kind, n in counts.items()}
    sock.close()

    print(f"{'a round, ' + str(count) + ' of each':34}{'reads':>8}{'EAGAIN':>8}{'writes':>8}{'epoll_ctl':>11}{'epoll_wait':>12}")
    for name, per in measured.items():
        print(f"{name:34}{per['reads']:8.2f}{per['EAGAIN']:8.2f}{per['writes']:8.2f}"
              f"{per['epoll_ctl']:11.2f}{per['epoll_wait']:12.2f}")

    batch = measured["16 messages of 16 bytes at once"]
    faults = [f"{batch[kind]:.2f} {kind} for {BATCH} messages, not {low} to {BOUND}"
              for kind in ("reads", "writes") for low in (0.9,) if not low <= batch[kind] <= BOUND]
    large = measured["1 message of 1 MiB"]["writes"]
    if large == 0:
        faults.append("no write was seen: the trace is not understood")
    for fault in faults:
        print("FAIL: " + fault)
    sys.exit(1 if faults else 0)


main()
