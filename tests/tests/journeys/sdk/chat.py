"""The driver of OpenAI's SDK for Python and Chat Completions; see `cases.py`."""

import sys

import pydantic

import cases
from openai_client import connect, connect_async, described, impatient, patient, stranger

MODEL = "gpt-4.1"
BUSY = "status-503"
STATUSES = (403, 500, 503)
LEFT_OUT = ()
WAITS_AS_TOLD_S = 1.0
# So many chunks before a stream says anything, and one.
FIRST = 2
# A larger prompt than a socket's buffer.
LONG = "a long prompt, " * (1 << 16)

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


def call(said, model=MODEL, **more):
    return {"model": model, "messages": [{"role": "user", "content": said}]} | more


def ask(client, said, model=MODEL, **more):
    return client.chat.completions.create(**call(said, model, **more))


def stream(client, said, model=MODEL, **more):
    with ask(client, said, model, stream=True, **more) as chunks:
        yield from chunks


def words(chunk):
    return "".join(choice.delta.content or "" for choice in chunk.choices)


def plain(item):
    return cases.declared(item)


def case_raw_response_headers(client):
    return cases.raw(SDK, client.chat.completions.with_raw_response.create(**call("text")))


def case_instructions_and_history(client):
    turns = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "One."},
        {"role": "assistant", "content": "Yes."},
        {"role": "user", "content": [{"type": "text", "text": "Two."}]},
    ]
    return plain(ask(client, "", messages=turns))


def case_stream_with_usage(client):
    return cases.told(SDK, stream(client, "text", stream_options={"include_usage": True}))


def case_stream_helper(client):
    with client.chat.completions.stream(**call("Weather in both?", tools=TOOLS)) as stream:
        kinds = [event.type for event in stream]
        return {"events": kinds, "final": plain(stream.get_final_completion())}


def case_tools(client):
    return plain(ask(client, "Weather?", tools=TOOLS, tool_choice="required", parallel_tool_calls=False))


def case_parallel_tools_and_their_results(client):
    first = ask(client, "Weather in both?", tools=TOOLS)
    said = first.choices[0].message
    results = [{"role": "tool", "tool_call_id": call.id, "content": "rain"} for call in said.tool_calls]
    turns = [{"role": "user", "content": "Weather in both?"}, said.to_dict(), *results]
    return [plain(first), plain(ask(client, "", messages=turns, tools=TOOLS))]


def case_tools_stream(client):
    return cases.told(SDK, stream(client, "Weather in both?", tools=TOOLS))


def case_structured_output(client):
    reply = client.chat.completions.parse(**call("invoice"), response_format=Invoice)
    parsed = reply.choices[0].message.parsed
    return {"class": type(parsed).__name__, "parsed": parsed.model_dump(), "object": plain(reply)}


def case_structured_output_that_does_not_fit(client):
    return cases.failure(SDK, lambda: client.chat.completions.parse(**call("text"), response_format=Invoice))


def case_image(client):
    url = "data:image/png;base64," + "iVBORw0KGgo" * 20_000
    parts = [{"type": "text", "text": "What is this?"}, {"type": "image_url", "image_url": {"url": url}}]
    return plain(ask(client, parts))


def case_linked_image(client):
    url = "https://images.example/one.png"
    parts = [{"type": "text", "text": "What is this?"}, {"type": "image_url", "image_url": {"url": url}}]
    return plain(ask(client, parts))


def case_limit(client):
    return plain(ask(client, cases.LONGER, max_completion_tokens=16))


def case_stop_sequence(client):
    return plain(ask(client, "text", stop=["said"]))


def case_error_400(client):
    return cases.failure(SDK, lambda: ask(client, "text", extra_body={"max_output_tokens": 1}))


SDK = sys.modules[__name__]
cases.main(SDK)
