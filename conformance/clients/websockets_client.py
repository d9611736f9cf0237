# SPDX-License-Identifier: Apache-2.0
"""Lets `websockets` for Python talk to echo servers, with its defaults: websockets_client.py URL..."""

import asyncio
import random
import sys

import websockets

LARGE = 1 << 20
JSON = '{"type":"price","symbol":"GIBN","bid":101.25,"ask":101.5,"venue":"Höhenkirchen 🐒","n":'


def messages():
    rng = random.Random(10)
    yield ""
    yield "short"
    for i in range(20):  # The same again and again refers back to what came before.
        yield (JSON + str(i % 3) + "}") * 20
    for length in (0, 1, 125, 126, 1024, 65_535, 65_536, LARGE - 1):
        yield bytes(rng.randrange(256) if i % 16 < 8 else 120 for i in range(length))
    noise = rng.randbytes(32_000)
    for _ in range(3):
        yield noise


async def converse(url):
    async with websockets.connect(url) as ws:
        extensions = ws.response.headers.get("Sec-WebSocket-Extensions", "")
        assert extensions.startswith("permessage-deflate"), f"no compression was agreed on: [{extensions}]"
        for message in messages():
            await ws.send(message)
            echo = await ws.recv()
            assert type(echo) is type(message) and echo == message, f"{len(message)} long, another came back"
        await (await ws.ping())
        await ws.close(1000, "done")
        assert ws.close_code == 1000, ws.close_code
        return extensions


async def main(urls):
    failed = 0
    for url in urls:
        try:
            extensions = await asyncio.wait_for(converse(url), 120)
            print(f"ok   websockets-{websockets.__version__} {url} [{extensions}]")
        except Exception as e:  # Whatever it is, it is a failure of this URL.
            failed += 1
            print(f"FAIL websockets-{websockets.__version__} {url}: {e!r}")
    return 1 if failed else 0


sys.exit(asyncio.run(main(sys.argv[1:])))
