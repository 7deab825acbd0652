"""Every case of the journey `sdk`, through one base URL; prints what each came to as JSON.

It is run twice, at the provider and through Foreshadow, and the two outputs are compared.
"""

import json
import sys

import openai
import pydantic

HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "date"}

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
    client = openai.OpenAI(base_url=base_url, api_key=key, max_retries=0, timeout=30)
    cases = {name[5:]: case for name, case in globals().items() if name.startswith("case_")}
    print(json.dumps({name: case(client) for name, case in cases.items()}, sort_keys=True))


def ask(client, text, model="large", **more):
    messages = [{"role": "user", "content": text}]
    return client.chat.completions.create(model=model, messages=messages, **more)


def case_text(client):
    raw = client.chat.completions.with_raw_response.create(
        model="large", messages=[{"role": "user", "content": "text"}]
    )
    headers = sorted((k, v) for k, v in raw.headers.items() if k not in HOP_BY_HOP)
    return {"status": raw.status_code, "headers": headers, "object": raw.parse().to_dict()}


def case_stream(client):
    options = {"include_usage": True}
    return [chunk.to_dict() for chunk in ask(client, "text", stream=True, stream_options=options)]


def case_stream_helper(client):
    messages = [{"role": "user", "content": "tools"}]
    arguments = {"model": "large", "messages": messages, "tools": TOOLS}
    with client.chat.completions.stream(**arguments) as stream:
        kinds = [event.type for event in stream]
        return {"events": kinds, "final": stream.get_final_completion().to_dict()}


def case_tools(client):
    return ask(client, "tools", tools=TOOLS, parallel_tool_calls=True).to_dict()


def case_tools_stream(client):
    return [chunk.to_dict() for chunk in ask(client, "tools", tools=TOOLS, stream=True)]


def case_parse(client):
    reply = client.chat.completions.parse(
        model="large",
        messages=[{"role": "user", "content": "invoice"}],
        response_format=Invoice,
    )
    parsed = reply.choices[0].message.parsed
    return {"class": type(parsed).__name__, "parsed": parsed.model_dump(), "object": reply.to_dict()}


def case_models(client):
    return [model.to_dict() for model in client.models.list()]


def case_not_authenticated(client):
    return failure(lambda: ask(client.with_options(api_key="wrong"), "text"))


def case_no_such_model(client):
    return failure(lambda: ask(client, "text", model="none"))


def case_bad_request(client):
    return failure(lambda: client.chat.completions.create(model="large", messages="text"))


def case_rate_limited(client):
    return failure(lambda: ask(client, "text", model="limited"))


def case_server_error(client):
    return failure(lambda: ask(client, "text", model="failing"))


def case_truncated_stream(client):
    got = []

    def read():
        for chunk in ask(client, "text", model="truncating", stream=True):
            got.append(chunk.to_dict())

    return {"failure": failure(read), "chunks": got}


def case_aborted_stream(client):
    """Hangs up after the third chunk; the client goes on with other calls."""
    got = []
    with ask(client, "long", model="slow", stream=True) as stream:
        for chunk in stream:
            got.append(chunk.to_dict())
            if len(got) == 3:
                break
    return {"chunks": got, "afterwards": ask(client, "text").to_dict()}


def failure(act):
    try:
        act()
    except openai.APIStatusError as error:
        return {
            "class": type(error).__name__,
            "status": error.status_code,
            "code": error.code,
            "type": error.type,
            "body": error.body,
            "request_id": error.request_id,
            "retry_after": error.response.headers.get("retry-after"),
        }
    except Exception as error:
        return {"class": type(error).__name__}
    return None


main(*sys.argv[1:])
