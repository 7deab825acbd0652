"""What every SDK for Python is put through, and how.

A script is the driver of one SDK for one form. It has `connect` and `connect_async`, `ask` and `stream`,
`impatient`, `patient` and `stranger` (the same client with a short timeout, with retries, with an unknown
key), and `plain`, `words` and `described`: an object, the text of a chunk and an exception as JSON. Its
own cases are called `case_…`, as are those here, which every driver is put through; a case of its own
goes before one of that name here, and those that it has no use for are `LEFT_OUT`.

    cases URL KEY [NAME…]            prints what each case came to: at the provider, and through
                                     Foreshadow, which are compared
    warm URL KEY MODEL…              asks each model, whole and streamed, and prints nothing of it
    first-chunk KEY PAIRS URL URL    prints by how many milliseconds the first chunk came later through
                                     the second, pair by pair: one stream follows the other, so that what
                                     else the machine does meets both alike
"""

import asyncio
import functools
import inspect
import json
import sys
import time

import pydantic

HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "date"}
# Shorter than the provider's silence, longer than anything that it does answer.
IMPATIENT_S = 1.5
# So long is waited for the head of a stream that says nothing, which may not come before something is said.
HEADLESS_S = 3.0
# Long enough that a stream of it is in many pieces before it stops in its middle.
LONGER = "text " * 40
UNICODE = "é 世界 👩\u200d👩\u200d👧 \u202eRTL \x00\x1f \ud7ff\U0010ffff \"\\/"
UNICODE_IN_PIECES = "é 世界 👩\u200d👩\u200d👧 \u202eRTL \U0010ffff, " * 4


def main(sdk):
    match sys.argv[1:]:
        case ["cases", base_url, key, *names]:
            came_to = run(sdk, base_url, key, names)
        case ["warm", base_url, key, *models]:
            came_to = warm(sdk, sdk.connect(base_url, key), models)
        case ["first-chunk", key, pairs, *base_urls]:
            came_to = first_chunks_later_ms(sdk, key, int(pairs), base_urls)
    print(json.dumps(came_to, sort_keys=True))


def run(sdk, base_url, key, names):
    came_to = {}
    for name, case in all_cases(sdk).items():
        if names and name not in names:
            continue
        if inspect.iscoroutinefunction(case):
            came_to[name] = asyncio.run(case(sdk.connect_async(base_url, key)))
        else:
            came_to[name] = case(sdk.connect(base_url, key))
    return came_to


def all_cases(sdk):
    def named(items):
        return {name[5:]: case for name, case in items.items() if name.startswith("case_")}

    shared = {name: functools.partial(case, sdk) for name, case in named(globals()).items()}
    for status in sdk.STATUSES:
        shared[f"error_{status}"] = functools.partial(refused, sdk, status)
    return {name: case for name, case in (shared | named(vars(sdk))).items() if name not in sdk.LEFT_OUT}


def warm(sdk, client, models):
    for model in models:
        sdk.ask(client, "text", model=model)
        list(sdk.stream(client, "text", model=model))


def first_chunks_later_ms(sdk, key, pairs, base_urls):
    clients = [sdk.connect(url, key) for url in base_urls]

    def read(client, note=lambda: None):
        for _ in sdk.stream(client, LONGER):
            note()

    # Connections are made, and the SDK's parts loaded, before anything counts.
    for client in clients:
        read(client)
    differences = []
    for pair in range(pairs):
        # Each goes first in turn.
        waited = {}
        for which in (0, 1) if pair % 2 else (1, 0):
            start = time.perf_counter()
            read(clients[which], lambda: waited.setdefault(which, time.perf_counter() - start))
        differences.append((waited[1] - waited[0]) * 1000)
    return differences


def case_text(sdk, client):
    return sdk.plain(sdk.ask(client, "text"))


def case_stream(sdk, client):
    return told(sdk, sdk.stream(client, "Hello, 世界"))


def case_unicode(sdk, client):
    return sdk.plain(sdk.ask(client, UNICODE))


def case_unicode_stream(sdk, client):
    return told(sdk, sdk.stream(client, UNICODE_IN_PIECES))


def case_long_prompt(sdk, client):
    return sdk.plain(sdk.ask(client, sdk.LONG))


def case_content_policy(sdk, client):
    return sdk.plain(sdk.ask(client, "text", model="blocked"))


def case_error_of_an_unknown_key(sdk, client):
    return failure(sdk, lambda: sdk.ask(sdk.stranger(client), "text"))


def case_error_404(sdk, client):
    return failure(sdk, lambda: sdk.ask(client, "text", model="nobody"))


def case_error_429(sdk, client):
    return failure(sdk, lambda: sdk.ask(client, "text", model="limited"))


def case_error_of_a_gateway(sdk, client):
    return failure(sdk, lambda: sdk.ask(client, "text", model="page"))


def case_error_before_a_stream(sdk, client):
    return read_until_failure(sdk, client, sdk.BUSY)


def case_error_in_a_stream(sdk, client):
    return read_until_failure(sdk, client, "erring")


def case_garbage(sdk, client):
    return failure(sdk, lambda: sdk.ask(client, "text", model="garbage"))


def case_truncated_stream(sdk, client):
    return read_until_failure(sdk, client, "truncating")


def case_connection_error(sdk, client):
    return failure(sdk, lambda: sdk.ask(client, "text", model="closing"))


def case_timeout(sdk, client):
    return failure(sdk, lambda: sdk.ask(sdk.impatient(client), "text", model="silent"))


def case_timeout_in_a_stream(sdk, client):
    return read_until_failure(sdk, sdk.impatient(client), "stuck")


def case_retries_after_429(sdk, client):
    return retried(sdk, client, "unreliable-429", at_least_s=sdk.WAITS_AS_TOLD_S)


def case_retries_after_an_overload(sdk, client):
    return retried(sdk, client, "unreliable-busy", at_least_s=0.4)


def case_retries_after_a_closed_connection(sdk, client):
    return retried(sdk, client, "unreliable-closed", at_least_s=0.0)


def case_retries_that_do_not_suffice(sdk, client):
    return failure(sdk, lambda: sdk.ask(sdk.patient(client, 1), "text", model=sdk.BUSY))


def case_retries_that_the_provider_forbids(sdk, client):
    return failure(sdk, lambda: sdk.ask(sdk.patient(client, 2), "text", model="spent"))


async def case_abort_before_the_first_token(sdk, client):
    """Hangs up on a call that has begun, before there is a token."""

    begun = asyncio.create_task(sdk.ask(client, "text", model="hesitant", stream=True))

    async def first():
        async with await begun as stream:
            return await anext(aiter(stream))

    task = asyncio.create_task(first())
    await asyncio.wait([begun], timeout=HEADLESS_S)
    done, _ = await asyncio.wait([task], timeout=0.05)
    task.cancel()
    outcome = await asyncio.gather(task, return_exceptions=True)
    afterwards = sdk.plain(await sdk.ask(client, "text"))
    return {"done": len(done), "class": type(outcome[0]).__name__, "afterwards": afterwards}


def case_abort_after_the_first_token(sdk, client):
    """Hangs up in the middle; the client goes on with other calls."""
    stream = sdk.stream(client, LONGER, model="stuck")
    chunks = [sdk.plain(next(stream)) for _ in range(sdk.FIRST)]
    stream.close()
    return {"chunks": chunks, "afterwards": sdk.plain(sdk.ask(client, "text"))}


async def case_concurrent_calls(sdk, client):
    replies = await asyncio.gather(*(sdk.ask(client, f"call {number}") for number in range(16)))
    chunks = [sdk.plain(chunk) async for chunk in await sdk.ask(client, "text", stream=True)]
    refused = await asyncio.gather(sdk.ask(client, "text", model="nobody"), return_exceptions=True)
    return {
        "replies": [sdk.plain(reply) for reply in replies],
        "chunks": chunks,
        "refused": sdk.described(refused[0]),
    }


def refused(sdk, status, client):
    return failure(sdk, lambda: sdk.ask(client, "text", model=f"status-{status}"))


def retried(sdk, client, model, at_least_s):
    """Whether the SDK's own retries waited as they were told to."""
    patient = sdk.patient(client, 2)
    start = time.monotonic()
    reply = sdk.ask(patient, "text", model=model)
    return {"waited": time.monotonic() - start >= at_least_s, "object": sdk.plain(reply)}


def told(sdk, stream):
    """The chunks of a stream, and what they say together."""
    chunks = list(stream)
    return {"chunks": [sdk.plain(chunk) for chunk in chunks], "said": "".join(map(sdk.words, chunks))}


def read_until_failure(sdk, client, model):
    got = []

    def read():
        for chunk in sdk.stream(client, LONGER, model=model):
            got.append(chunk)

    failed = failure(sdk, read)
    return told(sdk, got) | {"failure": failed}


def failure(sdk, act):
    try:
        act()
    except Exception as error:
        return {"class": type(error).__name__, "message": str(error), **sdk.described(error)}
    return None


def headers(items):
    return sorted((name.lower(), value) for name, value in items if name.lower() not in HOP_BY_HOP)


def raw(sdk, response):
    """A reply with its head."""
    return {
        "status": response.status_code,
        "headers": headers(response.headers.multi_items()),
        "object": sdk.plain(response.parse()),
    }


def declared(item):
    """An object that an SDK made without checks, and what of it is not as its class declares it."""
    said = item.to_dict(mode="json")
    try:
        type(item).model_validate(said)
    except pydantic.ValidationError as error:
        at = {f"{'.'.join(map(str, wrong['loc']))}: {wrong['type']}" for wrong in error.errors()}
        said["misfits"] = sorted(at)
    return said
