#!/usr/bin/env python3
"""64 parallel sign-ins with wrong passwords, each from an address and for a name of its own, so that no throttle but the
bound on hashing stands before them. `flood.py PORT SECONDS` prints how they were answered."""

import asyncio
import collections
import random
import sys
import time

PARALLEL = 64


async def sign_in_forever(port, end, answers):
    reader = writer = None
    while time.monotonic() < end:
        body = f"username=user{random.randrange(10**9)}&password=wrong+password+{random.randrange(10**9)}"
        address = ".".join(str(random.randrange(1, 255)) for _ in range(4))
        request = (
            f"POST /sign-in HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nSec-Fetch-Site: same-origin\r\nX-Forwarded-For: {address}\r\n"
            f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n{body}"
        )
        started = time.monotonic()
        try:
            if writer is None:
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(request.encode())
            head = await reader.readuntil(b"\r\n\r\n")
            length = next(int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length"))
            await reader.readexactly(length)
            status = head[9:12].decode()
        except (OSError, asyncio.IncompleteReadError):
            writer, status = None, "lost"
        answers[status].append(time.monotonic() - started)


async def main():
    port, seconds = int(sys.argv[1]), float(sys.argv[2])
    answers = collections.defaultdict(list)
    end = time.monotonic() + seconds
    await asyncio.gather(*(sign_in_forever(port, end, answers) for _ in range(PARALLEL)))
    for status, times in sorted(answers.items()):
        times.sort()
        print(f"sign-in {status}: {len(times)}, median {times[len(times) // 2] * 1000:.1f} ms, p99 {times[int(len(times) * 0.99)] * 1000:.1f} ms")


asyncio.run(main())
