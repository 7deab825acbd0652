"""The driver of Google's SDK for Python and Gemini; see `cases.py`."""

import asyncio
import sys

import pydantic
from google import genai
from google.genai import errors, types

import cases

MODEL = "gemini-3-pro-preview"
# Of the same provider, and no candidate's.
OTHER = "gemini-3.1-pro-preview"
BUSY = "status-503"
STATUSES = (403, 500, 503)
# The SDK sends a streamed call when its first chunk is asked for, repeats no call that was cut, and reads
# nothing of what the provider says of waiting.
LEFT_OUT = ("abort_before_the_first_token", "retries_after_a_closed_connection")
WAITS_AS_TOLD_S = 0.4
# Every chunk says something.
FIRST = 1
# A larger prompt than a socket's buffer.
LONG = "a long prompt, " * (1 << 16)

WEATHER = types.FunctionDeclaration(
    name="weather",
    description="The weather in a city.",
    parameters=types.Schema(
        type=types.Type.OBJECT,
        properties={"city": types.Schema(type=types.Type.STRING)},
        required=["city"],
    ),
)
TOOLS = {"tools": [types.Tool(function_declarations=[WEATHER])]}


class Invoice(pydantic.BaseModel):
    number: str
    total: float


STRUCTURED = {"response_mime_type": "application/json", "response_schema": Invoice}


class Client:
    """The SDK's client, and what another like it is made from."""

    def __init__(self, base_url, key, timeout_s=30.0, retries=None):
        self.made_from = (base_url, key)
        options = types.HttpOptions(base_url=base_url, timeout=int(timeout_s * 1000), retry_options=retries)
        client = genai.Client(api_key=key, http_options=options, vertexai=False)
        self.models, self.aio = client.models, client.aio
        self.kept = client


def connect(base_url, key):
    return Client(base_url, key)


def connect_async(base_url, key):
    return Client(base_url, key)


def impatient(client):
    return Client(*client.made_from, timeout_s=cases.IMPATIENT_S)


def patient(client, retries):
    options = types.HttpRetryOptions(attempts=retries + 1, initial_delay=0.2, jitter=0.0)
    return Client(*client.made_from, retries=options)


def stranger(client):
    return Client(client.made_from[0], "wrong")


def ask(client, said, model=MODEL, **config):
    return client.models.generate_content(model=model, contents=said, config=config or None)


def stream(client, said, model=MODEL, **config):
    return client.models.generate_content_stream(model=model, contents=said, config=config or None)


def words(chunk):
    parts = chunk.candidates[0].content.parts if chunk.candidates and chunk.candidates[0].content else None
    return "".join(part.text or "" for part in parts or [] if not part.thought)


def plain(reply):
    """A reply without what its way changed, and should. The SDK checks it by itself."""
    said = reply.model_dump(mode="json", exclude_none=True)
    response = said.get("sdk_http_response")
    if response is not None:
        response["headers"] = cases.headers(response.get("headers", {}).items())
    return said


def described(error):
    if isinstance(error, errors.APIError):
        return {"code": error.code, "status": error.status, "told": error.message, "details": error.details}
    return {}


def case_instructions_and_history(client):
    turns = [types.UserContent("One."), types.ModelContent("Yes."), types.UserContent("Two.")]
    return plain(ask(client, turns, system_instruction="Be brief."))


def case_tools(client):
    choice = {"function_calling_config": {"mode": "ANY", "allowed_function_names": ["weather"]}}
    return plain(ask(client, "Weather?", tool_config=choice, **TOOLS))


def case_parallel_tools_and_their_results(client):
    first = ask(client, "Weather in both?", **TOOLS)
    answers = [
        types.Part.from_function_response(name=call.name, response={"result": "rain"})
        for call in first.function_calls
    ]
    turns = [types.UserContent("Weather in both?"), first.candidates[0].content, types.UserContent(answers)]
    return [plain(first), plain(ask(client, turns, **TOOLS))]


def case_parallel_tools_without_their_signature(client):
    first = ask(client, "Weather?", **TOOLS)
    call = types.Part.from_function_call(name="weather", args=first.function_calls[0].args)
    answer = types.Part.from_function_response(name="weather", response={"result": "rain"})
    turns = [types.UserContent("Weather?"), types.ModelContent([call]), types.UserContent([answer])]
    return cases.failure(SDK, lambda: ask(client, turns, **TOOLS))


def case_tools_that_another_model_goes_on_with(client):
    first = ask(client, "Weather?", **TOOLS)
    answer = types.Part.from_function_response(name="weather", response={"result": "rain"})
    turns = [types.UserContent("Weather?"), first.candidates[0].content, types.UserContent([answer])]
    return {"first": plain(first), "said": ask(client, turns, model=OTHER, **TOOLS).text}


def case_tools_stream(client):
    return cases.told(SDK, stream(client, "Weather in both?", **TOOLS))


def case_thinking_and_back(client):
    config = {"thinking_config": {"include_thoughts": True, "thinking_level": "LOW"}}
    first = ask(client, "text", **config)
    turns = [types.UserContent("text"), first.candidates[0].content, types.UserContent("And now?")]
    return [plain(first), plain(ask(client, turns, **config))]


def case_reasoning_stream(client):
    return cases.told(SDK, stream(client, "text", thinking_config={"include_thoughts": True}))


def case_structured_output(client):
    reply = ask(client, "invoice", **STRUCTURED)
    return {"class": type(reply.parsed).__name__, "parsed": reply.parsed.model_dump(), "object": plain(reply)}


def case_structured_output_that_does_not_fit(client):
    return plain(ask(client, "text", **STRUCTURED))


def case_image(client):
    image = types.Part.from_bytes(data=bytes(range(256)) * 800, mime_type="image/png")
    return plain(ask(client, [image, "What is this?"]))


def case_prompt_that_is_too_long(client):
    return cases.failure(SDK, lambda: ask(client, LONG * 5))


def case_chat(client):
    chat = client.kept.chats.create(model=MODEL)
    return [plain(chat.send_message("One.")), plain(chat.send_message("Two."))]


def case_count_tokens(client):
    return plain(client.models.count_tokens(model=MODEL, contents="How long is this?"))


def case_embeddings(client):
    embedder = "gemini-embedding-001"
    config = {"output_dimensionality": 4}
    return plain(client.models.embed_content(model=embedder, contents=["one", "two"], config=config))


def case_models(client):
    return [model.model_dump(mode="json", exclude_none=True) for model in client.models.list()]


def case_limit(client):
    return plain(ask(client, cases.LONGER, max_output_tokens=16))


def case_stop_sequence(client):
    return plain(ask(client, "text", stop_sequences=["said"]))


def case_error_400(client):
    refused = [
        lambda: ask(client, "text", temperature=3.0),
        lambda: ask(client, "text", response_schema=Invoice),
        lambda: ask(client, "text", stop_sequences=list("abcdef")),
        lambda: ask(client, [types.Content(role="assistant", parts=[types.Part(text="Yes.")])]),
    ]
    return [cases.failure(SDK, act) for act in refused]


async def case_concurrent_calls(client):
    models = client.aio.models
    each = (models.generate_content(model=MODEL, contents=f"call {number}") for number in range(16))
    replies = await asyncio.gather(*each)
    chunks = await models.generate_content_stream(model=MODEL, contents="text")
    chunks = [plain(chunk) async for chunk in chunks]
    refused = models.generate_content(model="nobody", contents="text")
    return {
        "replies": [plain(reply) for reply in replies],
        "chunks": chunks,
        "refused": described((await asyncio.gather(refused, return_exceptions=True))[0]),
    }


SDK = sys.modules[__name__]
cases.main(SDK)
