"""Every case of the journey `sdk` for Anthropic's SDK for Python; see `cases.py`."""

import asyncio

import anthropic
import pydantic

import cases

MODEL = "claude-haiku-4-5"
# A larger prompt than a socket's buffer, smaller than the model's context.
LONG = "a long prompt, " * (1 << 15)

TOOLS = [
    {
        "name": "weather",
        "description": "The weather in a city.",
        "input_schema": {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
        },
    }
]


class Invoice(pydantic.BaseModel):
    number: str
    total: float


def connect(base_url, key):
    return anthropic.Anthropic(base_url=base_url, api_key=key, max_retries=0, timeout=30)


def connect_async(base_url, key):
    return anthropic.AsyncAnthropic(base_url=base_url, api_key=key, max_retries=0, timeout=30)


def read_first_chunk(client, note=lambda: None):
    for _ in ask(client, "text", stream=True):
        note()


def call(said, model=MODEL, **more):
    return {"model": model, "max_tokens": 1024, "messages": [{"role": "user", "content": said}]} | more


def ask(client, said, model=MODEL, **more):
    return client.messages.create(**call(said, model, **more))


def dicts(items):
    return [item.to_dict(mode="json") for item in items]


def case_text(client):
    return ask(client, "text").to_dict()


def case_raw_response_headers(client):
    raw = client.messages.with_raw_response.create(**call("text"))
    return {
        "status": raw.status_code,
        "headers": cases.headers(raw.headers.multi_items()),
        "object": raw.parse().to_dict(),
    }


def case_system_and_history(client):
    turns = [
        {"role": "user", "content": "One."},
        {"role": "assistant", "content": "Yes."},
        {"role": "user", "content": [{"type": "text", "text": "Two."}]},
    ]
    return ask(client, "", messages=turns, system="Be brief.").to_dict()


def case_stream(client):
    return dicts(ask(client, "Hello, 世界", stream=True))


def case_stream_helper(client):
    with client.messages.stream(**call("Weather in both?", tools=TOOLS)) as stream:
        kinds = [event.type for event in stream]
        return {"events": kinds, "final": stream.get_final_message().to_dict()}


def case_tools(client):
    choice = {"type": "any", "disable_parallel_tool_use": True}
    return ask(client, "Weather?", tools=TOOLS, tool_choice=choice).to_dict()


def case_parallel_tools_and_their_results(client):
    first = ask(client, "Weather in both?", tools=TOOLS)
    results = [
        {"type": "tool_result", "tool_use_id": block.id, "content": "rain"}
        for block in first.content
        if block.type == "tool_use"
    ]
    turns = [
        {"role": "user", "content": "Weather in both?"},
        {"role": "assistant", "content": first.content},
        {"role": "user", "content": results},
    ]
    return [first.to_dict(), ask(client, "", messages=turns, tools=TOOLS).to_dict()]


def case_tools_stream(client):
    return dicts(ask(client, "Weather in both?", tools=TOOLS, stream=True))


def case_thinking_and_back(client):
    thinking = {"type": "enabled", "budget_tokens": 1024}
    first = ask(client, "text", max_tokens=4096, thinking=thinking)
    turns = [
        {"role": "user", "content": "text"},
        {"role": "assistant", "content": first.content},
        {"role": "user", "content": "And now?"},
    ]
    second = ask(client, "", messages=turns, max_tokens=4096, thinking=thinking)
    return [first.to_dict(), second.to_dict()]


def case_thinking_stream(client):
    thinking = {"type": "enabled", "budget_tokens": 1024}
    return dicts(ask(client, "text", max_tokens=4096, thinking=thinking, stream=True))


def case_structured_output(client):
    reply = client.messages.parse(**call("invoice"), output_format=Invoice)
    parsed = reply.parsed_output
    return {"class": type(parsed).__name__, "parsed": parsed.model_dump(), "object": reply.to_dict()}


def case_structured_output_that_does_not_fit(client):
    return failure(lambda: client.messages.parse(**call("text"), output_format=Invoice))


def case_image_and_document(client):
    source = {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo" * 20_000}
    document = {"type": "text", "media_type": "text/plain", "data": "A document."}
    parts = [
        {"type": "image", "source": source},
        {"type": "document", "source": document},
        {"type": "text", "text": "What is this?"},
    ]
    return ask(client, parts).to_dict()


def case_long_prompt(client):
    return ask(client, LONG).to_dict()


def case_prompt_that_is_too_long(client):
    return failure(lambda: ask(client, LONG * 2))


def case_unicode(client):
    return ask(client, "é 世界 👩\u200d👩\u200d👧 \u202eRTL \x00\x1f \ud7ff\U0010ffff \"\\/").to_dict()


def case_unicode_stream(client):
    with client.messages.stream(**call("é 世界 👩\u200d👩\u200d👧 \u202eRTL \U0010ffff")) as stream:
        return "".join(stream.text_stream)


def case_cache(client):
    system = [{"type": "text", "text": "s" * 400, "cache_control": {"type": "ephemeral", "ttl": "1h"}}]
    said = [{"type": "text", "text": "u" * 400, "cache_control": {"type": "ephemeral"}}]
    turns = [
        {"role": "user", "content": said},
        {"role": "assistant", "content": "Yes."},
        {"role": "user", "content": "And now?"},
    ]
    replies = [ask(client, said, system=system), ask(client, "", messages=turns, system=system)]
    return [reply.usage.to_dict() for reply in replies]


def case_count_tokens(client):
    turns = [{"role": "user", "content": "How long is this?"}]
    return client.messages.count_tokens(model=MODEL, messages=turns, tools=TOOLS).to_dict()


def case_models(client):
    return dicts(client.models.list())


def case_limit(client):
    return ask(client, "text", max_tokens=1).to_dict()


def case_stop_sequence(client):
    return ask(client, "text", stop_sequences=["said"]).to_dict()


def case_content_policy(client):
    return ask(client, "text", model="blocked").to_dict()


def case_error_400(client):
    refused = [
        lambda: ask(client, "text", extra_body={"frequency_penalty": 1}),
        lambda: ask(client, "text", max_tokens=1_000_000, timeout=30),
        lambda: ask(client, "", messages=[{"role": "assistant", "content": "Yes."}]),
        lambda: ask(client, "text", extra_body={"temperature": 0.5, "top_p": 0.5}),
    ]
    return [failure(act) for act in refused]


def case_error_401(client):
    return failure(lambda: ask(client.with_options(api_key="wrong"), "text"))


def case_error_402(client):
    return refused(client, 402)


def case_error_403(client):
    return refused(client, 403)


def case_error_404(client):
    return [failure(lambda: ask(client, "text", model="nobody")), failure(lambda: client.get("/none", cast_to=object))]


def case_error_413(client):
    return refused(client, 413)


def case_error_429(client):
    return failure(lambda: ask(client, "text", model="limited"))


def case_error_500(client):
    return refused(client, 500)


def case_error_504(client):
    return refused(client, 504)


def case_error_529(client):
    return refused(client, 529)


def case_error_of_a_gateway(client):
    return failure(lambda: ask(client, "text", model="page"))


def case_error_before_a_stream(client):
    return failure(lambda: ask(client, "text", model="status-529", stream=True))


def case_error_in_a_stream(client):
    return stream_and_failure(client, "erring")


def case_garbage(client):
    return failure(lambda: ask(client, "text", model="garbage"))


def case_truncated_stream(client):
    return stream_and_failure(client, "truncating")


def case_connection_error(client):
    return failure(lambda: ask(client, "text", model="closing"))


def case_timeout(client):
    impatient = client.with_options(timeout=cases.IMPATIENT_S)
    return failure(lambda: ask(impatient, "text", model="silent"))


def case_timeout_in_a_stream(client):
    return stream_and_failure(client.with_options(timeout=cases.IMPATIENT_S), "stuck")


def case_retries_after_429(client):
    return retried(client, "unreliable-429", at_least_s=1.0)


def case_retries_after_529(client):
    return retried(client, "unreliable-busy", at_least_s=0.5)


def case_retries_after_a_closed_connection(client):
    return retried(client, "unreliable-closed", at_least_s=0.0)


def case_retries_that_do_not_suffice(client):
    return failure(lambda: ask(client.with_options(max_retries=1), "text", model="status-529"))


def case_retries_that_the_provider_forbids(client):
    return failure(lambda: ask(client.with_options(max_retries=2), "text", model="spent"))


async def case_abort_before_the_first_token(client):
    outcome = await cases.abandoned(await ask(client, "text", model="hesitant", stream=True))
    return outcome | {"afterwards": (await ask(client, "text")).to_dict()}


def case_abort_after_the_first_token(client):
    """Hangs up in the middle; the client goes on with other calls."""
    got = []
    with ask(client, "text", model="stuck", stream=True) as stream:
        for event in stream:
            got.append(event.to_dict())
            if len(got) == 2:
                break
    return {"chunks": got, "afterwards": ask(client, "text").to_dict()}


async def case_async_client(client):
    replies = await asyncio.gather(*(ask(client, f"call {number}") for number in range(16)))
    stream = await ask(client, "text", stream=True)
    chunks = [chunk.to_dict() async for chunk in stream]
    refused = await asyncio.gather(ask(client, "text", model="status-404"), return_exceptions=True)
    return {"replies": dicts(replies), "chunks": chunks, "refused": described(refused[0])}


def refused(client, status):
    return failure(lambda: ask(client, "text", model=f"status-{status}"))


def retried(client, model, at_least_s):
    patient = client.with_options(max_retries=2)
    return cases.waited(lambda: ask(patient, "text", model=model).to_dict(), at_least_s)


def stream_and_failure(client, model):
    chunks = lambda: (chunk.to_dict() for chunk in ask(client, "text", model=model, stream=True))
    return cases.read_until_failure(chunks, described)


def failure(act):
    return cases.failure(act, described)


def described(error):
    said = {"body": error.body} if isinstance(error, anthropic.APIError) else {}
    if isinstance(error, anthropic.APIStatusError):
        said |= {
            "status": error.status_code,
            "type": error.type,
            "code": error.error_code,
            "request_id": error.request_id,
            "retry_after": error.response.headers.get("retry-after"),
        }
    return said


cases.main(globals(), connect, connect_async, read_first_chunk)
