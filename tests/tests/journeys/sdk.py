"""Every case of the journey `sdk`, through one base URL; prints what each came to as JSON.

It is run twice, at the provider and through Foreshadow, and the two outputs are compared.
"""

import asyncio
import hashlib
import inspect
import io
import json
import sys
import time

import openai
import pydantic

HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "date"}
# Shorter than the provider's silence, longer than anything that it does answer.
IMPATIENT_S = 1.5

TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "weather",
            "description": "The weather in a city.",
            "parameters": {
                "type": "object",
                "properties": {"city": {"type": "string"}},
                "required": ["city"],
            },
        },
    }
]


class Invoice(pydantic.BaseModel):
    number: str
    total: float


def main(base_url, key):
    settings = {"base_url": base_url, "api_key": key, "max_retries": 0, "timeout": 30}
    client = openai.OpenAI(**settings)
    cases = {name[5:]: case for name, case in globals().items() if name.startswith("case_")}
    came_to = {}
    for name, case in cases.items():
        if inspect.iscoroutinefunction(case):
            came_to[name] = asyncio.run(with_async_client(case, settings))
        else:
            came_to[name] = case(client)
    print(json.dumps(came_to, sort_keys=True))


async def with_async_client(case, settings):
    async with openai.AsyncOpenAI(**settings) as client:
        return await case(client)


def call(text, model="large", **more):
    return {"model": model, "messages": [{"role": "user", "content": text}], **more}


def ask(client, text, model="large", **more):
    return client.chat.completions.create(**call(text, model, **more))


def dicts(items):
    return [item.to_dict() for item in items]


def case_text(client):
    return ask(client, "text").to_dict()


def case_raw_response_headers(client):
    raw = client.chat.completions.with_raw_response.create(**call("text"))
    headers = sorted((k, v) for k, v in raw.headers.multi_items() if k not in HOP_BY_HOP)
    return {"status": raw.status_code, "headers": headers, "object": raw.parse().to_dict()}


def case_stream(client):
    return dicts(ask(client, "Hello, 世界", stream=True))


def case_stream_with_usage(client):
    return dicts(ask(client, "text", stream=True, stream_options={"include_usage": True}))


def case_stream_helper(client):
    arguments = call("tools", tools=TOOLS, parallel_tool_calls=True)
    with client.chat.completions.stream(**arguments) as stream:
        kinds = [event.type for event in stream]
        return {"events": kinds, "final": stream.get_final_completion().to_dict()}


def case_tools(client):
    return ask(client, "tools", tools=TOOLS, tool_choice="required").to_dict()


def case_parallel_tools(client):
    return ask(client, "tools", tools=TOOLS, parallel_tool_calls=True).to_dict()


def case_tools_stream(client):
    return dicts(ask(client, "tools", tools=TOOLS, parallel_tool_calls=True, stream=True))


def case_structured_output(client):
    reply = client.chat.completions.parse(**call("invoice"), response_format=Invoice)
    parsed = reply.choices[0].message.parsed
    return {"class": type(parsed).__name__, "parsed": parsed.model_dump(), "object": reply.to_dict()}


def case_structured_output_that_does_not_fit(client):
    return failure(
        lambda: client.chat.completions.parse(**call("text"), response_format=Invoice)
    )


def case_image_in_the_prompt(client):
    url = "data:image/png;base64," + "iVBORw0KGgo" * 20_000
    parts = [{"type": "text", "text": "What is this?"}, {"type": "image_url", "image_url": {"url": url}}]
    return ask(client, parts).to_dict()


def case_several_choices(client):
    return ask(client, "text", n=2).to_dict()


def case_logprobs(client):
    return ask(client, "text", logprobs=True, top_logprobs=2).to_dict()


def case_long_prompt(client):
    return ask(client, "a long prompt, " * (1 << 16) + "x" * (1 << 16)).to_dict()


def case_unicode(client):
    return ask(client, "é 世界 👩\u200d👩\u200d👧 \u202eRTL \x00\x1f \ud7ff\U0010ffff \"\\/").to_dict()


def case_unicode_stream(client):
    chunks = ask(client, "é 世界 👩\u200d👩\u200d👧 \u202eRTL \U0010ffff", stream=True)
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks)


def case_empty_content(client):
    return [ask(client, "").to_dict(), ask(client, "nothing").to_dict()]


def case_embeddings(client):
    return client.embeddings.create(
        model="embedder", input=["one", "two"], encoding_format="float"
    ).to_dict()


def case_embeddings_base64(client):
    coded = client.embeddings.create(model="embedder", input="one", encoding_format="base64")
    # Left to itself the SDK asks for base64 and decodes it.
    decoded = client.embeddings.create(model="embedder", input=["one", "two"])
    return [coded.to_dict(), decoded.to_dict()]


def case_moderations(client):
    return client.moderations.create(model="moderator", input=["I will", "I won't"]).to_dict()


def case_models(client):
    return dicts(client.models.list())


def case_files_upload(client):
    # Longer than a socket's buffer, with every byte in it.
    content = io.BytesIO(bytes(range(256)) * 2048)
    return client.files.create(file=("données.jsonl", content), purpose="batch").to_dict()


def case_files_pages(client):
    first = client.files.list(limit=2)
    return {"first": dicts(first.data), "all": dicts(first)}


def case_files_content(client):
    content = client.files.content("file-1").read()
    return {"bytes": len(content), "digest": hashlib.sha256(content).hexdigest()}


def case_files_delete(client):
    return client.files.delete("file-1").to_dict()


def case_error_400(client):
    return refused(client, 400)


def case_error_401(client):
    return failure(lambda: ask(client.with_options(api_key="wrong"), "text"))


def case_error_403(client):
    return refused(client, 403)


def case_error_404(client):
    return [refused(client, 404), failure(lambda: client.get("/none", cast_to=object))]


def case_error_409(client):
    return refused(client, 409)


def case_error_422(client):
    return refused(client, 422)


def case_error_429(client):
    return failure(lambda: ask(client, "text", model="limited"))


def case_error_500(client):
    return refused(client, 500)


def case_error_503(client):
    return refused(client, 503)


def case_error_of_a_gateway(client):
    return failure(lambda: ask(client, "text", model="page"))


def case_error_before_a_stream(client):
    return failure(lambda: ask(client, "text", model="status-429", stream=True))


def case_error_in_a_stream(client):
    return stream_and_failure(client, "erring")


def case_garbage(client):
    return failure(lambda: ask(client, "text", model="garbage"))


def case_truncated_stream(client):
    return stream_and_failure(client, "truncating")


def case_connection_error(client):
    return failure(lambda: ask(client, "text", model="closing"))


def case_timeout(client):
    return failure(lambda: ask(client.with_options(timeout=IMPATIENT_S), "text", model="silent"))


def case_timeout_in_a_stream(client):
    return stream_and_failure(client.with_options(timeout=IMPATIENT_S), "stuck")


def case_retries_after_429(client):
    return retried(client, "unreliable-429", at_least_s=1.0)


def case_retries_after_503(client):
    return retried(client, "unreliable-503", at_least_s=0.02)


def case_retries_after_a_closed_connection(client):
    return retried(client, "unreliable-closed", at_least_s=0.0)


def case_retries_that_do_not_suffice(client):
    return failure(lambda: ask(client.with_options(max_retries=1), "text", model="unreliable-503"))


def case_retries_that_the_provider_forbids(client):
    return failure(lambda: ask(client.with_options(max_retries=2), "text", model="final"))


async def case_abort_before_the_first_token(client):
    """Hangs up once the stream has begun, before there is a token."""
    stream = await ask(client, "text", model="hesitant", stream=True)
    first = asyncio.create_task(anext(aiter(stream)))
    done, _ = await asyncio.wait([first], timeout=0.05)
    first.cancel()
    outcome = await asyncio.gather(first, return_exceptions=True)
    await stream.close()
    afterwards = await ask(client, "text")
    return {"done": len(done), "class": type(outcome[0]).__name__, "afterwards": afterwards.to_dict()}


def case_abort_after_the_first_token(client):
    """Hangs up after the third chunk; the client goes on with other calls."""
    got = []
    with ask(client, "text", model="long", stream=True) as stream:
        for chunk in stream:
            got.append(chunk.to_dict())
            if len(got) == 3:
                break
    return {"chunks": got, "afterwards": ask(client, "text").to_dict()}


def case_keep_alive(client):
    """All calls, failed ones among them, on one connection."""
    connections = set()
    with openai.OpenAI(
        base_url=client.base_url, api_key=client.api_key, max_retries=0, timeout=30
    ) as own:
        for number in range(20):
            raw = own.chat.completions.with_raw_response.create(**call(f"call {number}"))
            stream = raw.http_response.extensions["network_stream"]
            connections.add(stream.get_extra_info("client_addr"))
            failure(lambda: ask(own, "text", model="status-400"))
        return {"connections": len(connections)}


async def case_async_client(client):
    replies = await asyncio.gather(*(ask(client, f"call {number}") for number in range(16)))
    stream = await ask(client, "text", stream=True)
    chunks = [chunk.to_dict() async for chunk in stream]
    pages = [file.to_dict() async for file in client.files.list(limit=2)]
    refused = await asyncio.gather(ask(client, "text", model="status-422"), return_exceptions=True)
    return {
        "replies": dicts(replies),
        "chunks": chunks,
        "pages": pages,
        "refused": described(refused[0]),
    }


def refused(client, status):
    return failure(lambda: ask(client, "text", model=f"status-{status}"))


def retried(client, model, at_least_s):
    """The SDK's own retries; its last call says in a header which one it was."""
    start = time.monotonic()
    reply = ask(client.with_options(max_retries=2), "text", model=model)
    return {"waited": time.monotonic() - start >= at_least_s, "object": reply.to_dict()}


def stream_and_failure(client, model):
    got = []

    def read():
        for chunk in ask(client, "text", model=model, stream=True):
            got.append(chunk.to_dict())

    return {"failure": failure(read), "chunks": got}


def failure(act):
    try:
        act()
    except Exception as error:
        return described(error)
    return None


def described(error):
    said = {"class": type(error).__name__, "message": str(error)}
    if isinstance(error, openai.APIError):
        said |= {"code": error.code, "type": error.type, "param": error.param, "body": error.body}
    if isinstance(error, openai.APIStatusError):
        said |= {
            "status": error.status_code,
            "request_id": error.request_id,
            "retry_after": error.response.headers.get("retry-after"),
            "text": error.response.text,
        }
    return said


main(*sys.argv[2:])
