"""The driver of Anthropic's SDK for Python; see `cases.py`."""

import sys

import anthropic
import pydantic

import cases

MODEL = "claude-haiku-4-5"
BUSY = "status-529"
STATUSES = (402, 403, 413, 500, 504, 529)
LEFT_OUT = ()
WAITS_AS_TOLD_S = 1.0
# So many events before a stream says anything.
FIRST = 2
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


def impatient(client):
    return client.with_options(timeout=cases.IMPATIENT_S)


def patient(client, retries):
    return client.with_options(max_retries=retries)


def stranger(client):
    return client.with_options(api_key="wrong")


def call(said, model=MODEL, **more):
    return {"model": model, "max_tokens": 1024, "messages": [{"role": "user", "content": said}]} | more


def ask(client, said, model=MODEL, **more):
    return client.messages.create(**call(said, model, **more))


def stream(client, said, model=MODEL, **more):
    with ask(client, said, model, stream=True, **more) as events:
        yield from events


def words(event):
    return event.delta.text if event.type == "content_block_delta" and event.delta.type == "text_delta" else ""


def plain(item):
    return cases.declared(item)


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


def case_raw_response_headers(client):
    return cases.raw(SDK, client.messages.with_raw_response.create(**call("text")))


def case_instructions_and_history(client):
    turns = [
        {"role": "user", "content": "One."},
        {"role": "assistant", "content": "Yes."},
        {"role": "user", "content": [{"type": "text", "text": "Two."}]},
    ]
    return plain(ask(client, "", messages=turns, system="Be brief."))


def case_stream_helper(client):
    with client.messages.stream(**call("Weather in both?", tools=TOOLS)) as stream:
        kinds = [event.type for event in stream]
        return {"events": kinds, "final": plain(stream.get_final_message())}


def case_text_stream_helper(client):
    with client.messages.stream(**call(cases.UNICODE_IN_PIECES)) as stream:
        return "".join(stream.text_stream)


def case_tools(client):
    choice = {"type": "any", "disable_parallel_tool_use": True}
    return plain(ask(client, "Weather?", tools=TOOLS, tool_choice=choice))


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
    return [plain(first), plain(ask(client, "", messages=turns, tools=TOOLS))]


def case_tools_stream(client):
    return cases.told(SDK, stream(client, "Weather in both?", tools=TOOLS))


def case_thinking_and_back(client):
    thinking = {"type": "enabled", "budget_tokens": 1024}
    first = ask(client, "text", max_tokens=4096, thinking=thinking)
    turns = [
        {"role": "user", "content": "text"},
        {"role": "assistant", "content": first.content},
        {"role": "user", "content": "And now?"},
    ]
    second = ask(client, "", messages=turns, max_tokens=4096, thinking=thinking)
    return [plain(first), plain(second)]


def case_thinking_before_tools(client):
    config = {"max_tokens": 4096, "thinking": {"type": "enabled", "budget_tokens": 1024}, "tools": TOOLS}
    first = ask(client, "Weather?", **config)
    used = next(block for block in first.content if block.type == "tool_use")
    turns = [
        {"role": "user", "content": "Weather?"},
        {"role": "assistant", "content": first.content},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": used.id, "content": "rain"}]},
    ]
    return [plain(first), plain(ask(client, "", messages=turns, **config))]


def case_reasoning_stream(client):
    thinking = {"type": "enabled", "budget_tokens": 1024}
    return cases.told(SDK, stream(client, "text", max_tokens=4096, thinking=thinking))


def case_structured_output(client):
    reply = client.messages.parse(**call("invoice"), output_format=Invoice)
    parsed = reply.parsed_output
    return {"class": type(parsed).__name__, "parsed": parsed.model_dump(), "object": plain(reply)}


def case_structured_output_that_does_not_fit(client):
    return cases.failure(SDK, lambda: client.messages.parse(**call("text"), output_format=Invoice))


def case_image(client):
    source = {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo" * 20_000}
    return plain(ask(client, [{"type": "image", "source": source}, {"type": "text", "text": "What is this?"}]))


def case_linked_image(client):
    source = {"type": "url", "url": "https://images.example/one.png"}
    return plain(ask(client, [{"type": "image", "source": source}, {"type": "text", "text": "What is this?"}]))


def case_document(client):
    source = {"type": "text", "media_type": "text/plain", "data": "A document."}
    return plain(ask(client, [{"type": "document", "source": source}, {"type": "text", "text": "What is this?"}]))


def case_prompt_that_is_too_long(client):
    return cases.failure(SDK, lambda: ask(client, LONG * 2))


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
    return plain(client.messages.count_tokens(model=MODEL, messages=turns, tools=TOOLS))


def case_models(client):
    return [plain(model) for model in client.models.list()]


def case_limit(client):
    return plain(ask(client, cases.LONGER, max_tokens=16))


def case_stop_sequence(client):
    return plain(ask(client, "text", stop_sequences=["said"]))


def case_error_400(client):
    refused = [
        lambda: ask(client, "text", extra_body={"frequency_penalty": 1}),
        lambda: ask(client, "text", max_tokens=1_000_000, timeout=30),
        lambda: ask(client, "", messages=[{"role": "assistant", "content": "Yes."}]),
        lambda: ask(client, "text", extra_body={"temperature": 0.5, "top_p": 0.5}),
    ]
    return [cases.failure(SDK, act) for act in refused]


def case_error_of_an_unknown_path(client):
    return cases.failure(SDK, lambda: client.get("/none", cast_to=object))


SDK = sys.modules[__name__]
cases.main(SDK)
