"""Every case of the journey `sdk` for OpenAI's SDK for Python and its Responses; see `cases.py`."""

import asyncio

import openai
import pydantic

import cases

MODEL = "gpt-5"
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


def connect(base_url, key):
    return openai.OpenAI(base_url=f"{base_url}/v1", api_key=key, max_retries=0, timeout=30)


def connect_async(base_url, key):
    return openai.AsyncOpenAI(base_url=f"{base_url}/v1", api_key=key, max_retries=0, timeout=30)


def read_first_chunk(client, note=lambda: None):
    for _ in ask(client, "text", stream=True):
        note()


def ask(client, said, model=MODEL, **more):
    return client.responses.create(model=model, input=said, **more)


def dicts(items):
    return [item.to_dict() for item in items]


def case_text(client):
    reply = ask(client, "text")
    return {"text": reply.output_text, "object": reply.to_dict()}


def case_raw_response_headers(client):
    raw = client.responses.with_raw_response.create(model=MODEL, input="text")
    return {
        "status": raw.status_code,
        "headers": cases.headers(raw.headers.multi_items()),
        "object": raw.parse().to_dict(),
    }


def case_instructions_and_history(client):
    turns = [
        {"role": "user", "content": "One."},
        {"role": "assistant", "content": "Yes."},
        {"role": "user", "content": [{"type": "input_text", "text": "Two."}]},
    ]
    return ask(client, turns, instructions="Be brief.").to_dict()


def case_stream(client):
    return dicts(ask(client, "Hello, 世界", stream=True))


def case_stream_helper(client):
    with client.responses.stream(model=MODEL, input="Weather in both?", tools=TOOLS) as stream:
        kinds = [event.type for event in stream]
        return {"events": kinds, "final": stream.get_final_response().to_dict()}


def case_tools(client):
    return ask(client, "Weather?", tools=TOOLS, tool_choice="required", parallel_tool_calls=False).to_dict()


def case_parallel_tools_and_their_outputs(client):
    include = ["reasoning.encrypted_content"]
    first = ask(client, "Weather in both?", tools=TOOLS, store=False, include=include)
    outputs = [
        {"type": "function_call_output", "call_id": item.call_id, "output": "rain"}
        for item in first.output
        if item.type == "function_call"
    ]
    turns = [{"role": "user", "content": "Weather in both?"}, *dicts(first.output), *outputs]
    return [first.to_dict(), ask(client, turns, tools=TOOLS, store=False).to_dict()]


def case_tools_stream(client):
    return dicts(ask(client, "Weather in both?", tools=TOOLS, stream=True))


def case_reasoning_summary_stream(client):
    return dicts(ask(client, "text", reasoning={"effort": "high", "summary": "auto"}, stream=True))


def case_structured_output(client):
    reply = client.responses.parse(model=MODEL, input="invoice", text_format=Invoice)
    parsed = reply.output_parsed
    return {"class": type(parsed).__name__, "parsed": parsed.model_dump(), "object": reply.to_dict()}


def case_structured_output_that_does_not_fit(client):
    return failure(lambda: client.responses.parse(model=MODEL, input="text", text_format=Invoice))


def case_image(client):
    url = "data:image/png;base64," + "iVBORw0KGgo" * 20_000
    parts = [{"type": "input_text", "text": "What is this?"}, {"type": "input_image", "image_url": url}]
    return ask(client, [{"role": "user", "content": parts}]).to_dict()


def case_long_prompt(client):
    return ask(client, LONG).to_dict()


def case_unicode(client):
    return ask(client, "é 世界 👩\u200d👩\u200d👧 \u202eRTL \x00\x1f \ud7ff\U0010ffff \"\\/").to_dict()


def case_limit(client):
    return ask(client, "text " * 40, max_output_tokens=16).to_dict()


def case_content_policy(client):
    return ask(client, "text", model="blocked").to_dict()


def case_error_400(client):
    refused = [
        lambda: ask(client, "text", extra_body={"max_tokens": 1}),
        lambda: ask(client, "text", temperature=0.5),
        lambda: ask(client, "text", max_output_tokens=1),
        lambda: ask(client, "text", previous_response_id="resp_1"),
    ]
    return [failure(act) for act in refused]


def case_error_401(client):
    return failure(lambda: ask(client.with_options(api_key="wrong"), "text"))


def case_error_403(client):
    return refused(client, 403)


def case_error_404(client):
    return failure(lambda: ask(client, "text", model="nobody"))


def case_error_429(client):
    return failure(lambda: ask(client, "text", model="limited"))


def case_error_500(client):
    return refused(client, 500)


def case_error_503(client):
    return refused(client, 503)


def case_error_of_a_gateway(client):
    return failure(lambda: ask(client, "text", model="page"))


def case_error_before_a_stream(client):
    return failure(lambda: ask(client, "text", model="status-503", stream=True))


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


def case_retries_after_503(client):
    return retried(client, "unreliable-busy", at_least_s=0.5)


def case_retries_after_a_closed_connection(client):
    return retried(client, "unreliable-closed", at_least_s=0.0)


def case_retries_that_do_not_suffice(client):
    return failure(lambda: ask(client.with_options(max_retries=1), "text", model="status-503"))


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
    said = {}
    if isinstance(error, openai.APIError):
        said = {"code": error.code, "type": error.type, "param": error.param, "body": error.body}
    if isinstance(error, openai.APIStatusError):
        said |= {
            "status": error.status_code,
            "request_id": error.request_id,
            "retry_after": error.response.headers.get("retry-after"),
            "text": error.response.text,
        }
    return said


cases.main(globals(), connect, connect_async, read_first_chunk)
