"""What the cases of every SDK for Python have in common.

A script of cases is run at the provider and through Foreshadow, with a base URL and a key, and prints
what each case came to as JSON; the two outputs are compared. With a key, a number of pairs and two base
URLs it prints instead by how much the first chunk came later through the second, in milliseconds, pair
by pair: one stream follows the other, so that what else the machine does meets both alike.
"""

import asyncio
import inspect
import json
import sys
import time

HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "date"}
# Shorter than the provider's silence, longer than anything that it does answer.
IMPATIENT_S = 1.5


def main(script, connect, connect_async, read_first_chunk):
    if len(sys.argv) == 3:
        came_to = run(script, connect, connect_async, *sys.argv[1:])
    else:
        came_to = first_chunks_later_ms(connect, read_first_chunk, *sys.argv[1:])
    print(json.dumps(came_to, sort_keys=True))


def run(script, connect, connect_async, base_url, key):
    cases = {name[5:]: case for name, case in script.items() if name.startswith("case_")}
    came_to = {}
    for name, case in cases.items():
        if inspect.iscoroutinefunction(case):
            came_to[name] = asyncio.run(case(connect_async(base_url, key)))
        else:
            came_to[name] = case(connect(base_url, key))
    return came_to


def first_chunks_later_ms(connect, read_first_chunk, key, pairs, *base_urls):
    clients = [connect(url, key) for url in base_urls]
    # Connections are made, and the SDK's parts loaded, before anything counts.
    for client in clients:
        read_first_chunk(client)
    differences = []
    for pair in range(int(pairs)):
        # Each goes first in turn.
        waited = {}
        for which in (0, 1) if pair % 2 else (1, 0):
            start = time.perf_counter()
            read_first_chunk(clients[which], lambda: waited.setdefault(which, time.perf_counter() - start))
        differences.append((waited[1] - waited[0]) * 1000)
    return differences


def headers(items):
    return sorted((name.lower(), value) for name, value in items if name.lower() not in HOP_BY_HOP)


def waited(act, at_least_s):
    """Whether the SDK's own retries waited as they were told to."""
    start = time.monotonic()
    came_to = act()
    return {"waited": time.monotonic() - start >= at_least_s, "object": came_to}


def read_until_failure(chunks, describe):
    got = []

    def read():
        for chunk in chunks():
            got.append(chunk)

    return {"failure": failure(read, describe), "chunks": got}


def failure(act, describe):
    try:
        act()
    except Exception as error:
        return {"class": type(error).__name__, "message": str(error), **describe(error)}
    return None


async def abandoned(stream):
    """Hangs up on a stream that has begun, before there is a token, and says what became of it."""

    async def first():
        return await anext(aiter(stream))

    task = asyncio.create_task(first())
    done, _ = await asyncio.wait([task], timeout=0.05)
    task.cancel()
    outcome = await asyncio.gather(task, return_exceptions=True)
    await stream.close()
    return {"done": len(done), "class": type(outcome[0]).__name__}
