"""How long the official SDK waits for the first chunk of a stream, directly and through Foreshadow.

Prints the difference of each pair of streams, in milliseconds. One follows the other, so that what
else the machine does meets both alike.
"""

import json
import sys
import time

import openai


def main(key, pairs, *base_urls):
    clients = [openai.OpenAI(base_url=url, api_key=key, max_retries=0, timeout=30) for url in base_urls]
    # Connections are made, and the SDK's parts loaded, before anything counts.
    for client in clients:
        first_chunk_s(client)
    differences = []
    for pair in range(int(pairs)):
        # Each goes first in turn.
        order = (0, 1) if pair % 2 else (1, 0)
        waited = {which: first_chunk_s(clients[which]) for which in order}
        differences.append((waited[1] - waited[0]) * 1000)
    print(json.dumps(differences))


def first_chunk_s(client):
    start = time.perf_counter()
    waited = None
    messages = [{"role": "user", "content": "text"}]
    for _ in client.chat.completions.create(model="paced", messages=messages, stream=True):
        waited = waited or time.perf_counter() - start
    return waited


main(*sys.argv[2:])
