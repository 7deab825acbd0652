"""The driver of OpenAI's SDK for Python and its Responses; see `cases.py`."""

import sys

import pydantic

import cases
from openai_client import connect, connect_async, described, impatient, patient, stranger

MODEL = "gpt-5"
BUSY = "status-503"
STATUSES = (403, 500, 503)
LEFT_OUT = ()
WAITS_AS_TOLD_S = 1.0
# So many events before a stream says anything.
FIRST = 2
# A larger prompt than a socket's buffer.
LONG = "a long prompt, " * (1 << 16)

TOOLS = [
    {
        "type": "function",
        "name": "weather",
        "description": "The weather in a city.",
        "strict": True,
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
            "additionalProperties": False,
        },
    }
]


class Invoice(pydantic.BaseModel):
    number: str
    total: float


def ask(client, said, model=MODEL, **more):
    return client.responses.create(model=model, input=said, **more)


def stream(client, said, model=MODEL, **more):
    with ask(client, said, model, stream=True, **more) as events:
        yield from events


def words(event):
    return event.delta if event.type == "response.output_text.delta" else ""


def plain(item):
    return cases.declared(item)


def case_raw_response_headers(client):
    return cases.raw(SDK, client.responses.with_raw_response.create(model=MODEL, input="text"))


def case_instructions_and_history(client):
    turns = [
        {"role": "user", "content": "One."},
        {"role": "assistant", "content": "Yes."},
        {"role": "user", "content": [{"type": "input_text", "text": "Two."}]},
    ]
    return plain(ask(client, turns, instructions="Be brief."))


def case_stream_helper(client):
    with client.responses.stream(model=MODEL, input="Weather in both?", tools=TOOLS) as stream:
        kinds = [event.type for event in stream]
        return {"events": kinds, "final": plain(stream.get_final_response())}


def case_tools(client):
    return plain(ask(client, "Weather?", tools=TOOLS, tool_choice="required", parallel_tool_calls=False))


def case_parallel_tools_and_their_results(client):
    include = ["reasoning.encrypted_content"]
    first = ask(client, "Weather in both?", tools=TOOLS, store=False, include=include)
    outputs = [
        {"type": "function_call_output", "call_id": item.call_id, "output": "rain"}
        for item in first.output
        if item.type == "function_call"
    ]
    said = [item.to_dict() for item in first.output]
    turns = [{"role": "user", "content": "Weather in both?"}, *said, *outputs]
    return [plain(first), plain(ask(client, turns, tools=TOOLS, store=False))]


def case_tools_stream(client):
    return cases.told(SDK, stream(client, "Weather in both?", tools=TOOLS))


def case_reasoning_stream(client):
    return cases.told(SDK, stream(client, "text", reasoning={"effort": "high", "summary": "auto"}))


def case_structured_output(client):
    reply = client.responses.parse(model=MODEL, input="invoice", text_format=Invoice)
    parsed = reply.output_parsed
    return {"class": type(parsed).__name__, "parsed": parsed.model_dump(), "object": plain(reply)}


def case_structured_output_that_does_not_fit(client):
    return cases.failure(SDK, lambda: client.responses.parse(model=MODEL, input="text", text_format=Invoice))


def case_image(client):
    url = "data:image/png;base64," + "iVBORw0KGgo" * 20_000
    parts = [{"type": "input_text", "text": "What is this?"}, {"type": "input_image", "image_url": url}]
    return plain(ask(client, [{"role": "user", "content": parts}]))


def case_linked_image(client):
    url = "https://images.example/one.png"
    parts = [{"type": "input_text", "text": "What is this?"}, {"type": "input_image", "image_url": url}]
    return plain(ask(client, [{"role": "user", "content": parts}]))


def case_limit(client):
    return plain(ask(client, cases.LONGER, max_output_tokens=16))


def case_error_400(client):
    refused = [
        lambda: ask(client, "text", extra_body={"max_tokens": 1}),
        lambda: ask(client, "text", temperature=0.5),
        lambda: ask(client, "text", max_output_tokens=1),
        lambda: ask(client, "text", previous_response_id="resp_1"),
    ]
    return [cases.failure(SDK, act) for act in refused]


SDK = sys.modules[__name__]
cases.main(SDK)
