"""Every case of the journey `sdk` for Google's SDK for Python and Gemini; see `cases.py`."""

import asyncio

import pydantic
from google import genai
from google.genai import errors, types

import cases

MODEL = "gemini-3-pro-preview"
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


def impatient(client):
    return Client(*client.made_from, timeout_s=cases.IMPATIENT_S)


def patient(client, attempts):
    # What the provider says of waiting stands in its error, which the SDK does not read.
    return Client(*client.made_from, retries=types.HttpRetryOptions(attempts=attempts, initial_delay=0.2, jitter=0.0))


def read_first_chunk(client, note=lambda: None):
    for _ in client.models.generate_content_stream(model=MODEL, contents="text"):
        note()


def ask(client, said, model=MODEL, **config):
    return plain(client.models.generate_content(model=model, contents=said, config=config or None))


def stream(client, said, model=MODEL, **config):
    for chunk in client.models.generate_content_stream(model=model, contents=said, config=config or None):
        yield plain(chunk)


def plain(reply):
    """A reply without what its way changed, and should."""
    said = reply.model_dump(mode="json", exclude_none=True)
    response = said.get("sdk_http_response")
    if response is not None:
        response["headers"] = cases.headers(response.get("headers", {}).items())
    return said


def case_text(client):
    reply = client.models.generate_content(model=MODEL, contents="text")
    return {"text": reply.text, "object": plain(reply)}


def case_system_and_history(client):
    turns = [
        types.UserContent("One."),
        types.ModelContent("Yes."),
        types.UserContent("Two."),
    ]
    return ask(client, turns, system_instruction="Be brief.")


def case_stream(client):
    return list(stream(client, "Hello, 世界"))


def case_tools(client):
    choice = {"function_calling_config": {"mode": "ANY", "allowed_function_names": ["weather"]}}
    return ask(client, "Weather?", tool_config=choice, **TOOLS)


def case_parallel_tools_and_their_responses(client):
    first = client.models.generate_content(model=MODEL, contents="Weather in both?", config=TOOLS)
    answers = [
        types.Part.from_function_response(name=call.name, response={"result": "rain"})
        for call in first.function_calls
    ]
    turns = [types.UserContent("Weather in both?"), first.candidates[0].content, types.UserContent(answers)]
    return [plain(first), ask(client, turns, **TOOLS)]


def case_parallel_tools_without_their_signature(client):
    first = client.models.generate_content(model=MODEL, contents="Weather?", config=TOOLS)
    call = types.Part.from_function_call(name="weather", args=first.function_calls[0].args)
    answer = types.Part.from_function_response(name="weather", response={"result": "rain"})
    turns = [types.UserContent("Weather?"), types.ModelContent([call]), types.UserContent([answer])]
    return failure(lambda: ask(client, turns, **TOOLS))


def case_tools_stream(client):
    return list(stream(client, "Weather in both?", **TOOLS))


def case_thoughts(client):
    return ask(client, "text", thinking_config={"include_thoughts": True, "thinking_level": "LOW"})


def case_thoughts_stream(client):
    return list(stream(client, "text", thinking_config={"include_thoughts": True}))


def case_structured_output(client):
    reply = client.models.generate_content(model=MODEL, contents="invoice", config=STRUCTURED)
    return {"class": type(reply.parsed).__name__, "parsed": reply.parsed.model_dump(), "object": plain(reply)}


def case_structured_output_that_does_not_fit(client):
    return ask(client, "text", **STRUCTURED)


def case_image(client):
    image = types.Part.from_bytes(data=bytes(range(256)) * 800, mime_type="image/png")
    return ask(client, [image, "What is this?"])


def case_long_prompt(client):
    return ask(client, LONG)


def case_prompt_that_is_too_long(client):
    return failure(lambda: ask(client, LONG * 5))


def case_unicode(client):
    return ask(client, "é 世界 👩\u200d👩\u200d👧 \u202eRTL \x00\x1f \ud7ff\U0010ffff \"\\/")


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
    return ask(client, "text", max_output_tokens=1)


def case_stop_sequence(client):
    return ask(client, "text", stop_sequences=["said"])


def case_content_policy(client):
    return ask(client, "text", model="blocked")


def case_error_400(client):
    refused = [
        lambda: ask(client, "text", temperature=3.0),
        lambda: ask(client, "text", response_schema=Invoice),
        lambda: ask(client, "text", stop_sequences=list("abcdef")),
        lambda: ask(client, [types.Content(role="assistant", parts=[types.Part(text="Yes.")])]),
    ]
    return [failure(act) for act in refused]


def case_error_of_an_unknown_key(client):
    return failure(lambda: ask(Client(client.made_from[0], "wrong"), "text"))


def case_error_403(client):
    return refused(client, 403)


def case_error_404(client):
    return failure(lambda: ask(client, "text", model="nobody"))


def case_error_429(client):
    return failure(lambda: ask(client, "text", model="limited"))


def case_error_402(client):
    return failure(lambda: ask(client, "text", model="spent"))


def case_error_500(client):
    return refused(client, 500)


def case_error_503(client):
    return refused(client, 503)


def case_error_504(client):
    return refused(client, 504)


def case_error_of_a_gateway(client):
    return failure(lambda: ask(client, "text", model="page"))


def case_error_before_a_stream(client):
    return stream_and_failure(client, "status-503")


def case_error_in_a_stream(client):
    return stream_and_failure(client, "erring")


def case_garbage(client):
    return failure(lambda: ask(client, "text", model="garbage"))


def case_truncated_stream(client):
    return stream_and_failure(client, "truncating")


def case_connection_error(client):
    return failure(lambda: ask(client, "text", model="closing"))


def case_timeout(client):
    return failure(lambda: ask(impatient(client), "text", model="silent"))


def case_timeout_in_a_stream(client):
    return stream_and_failure(impatient(client), "stuck")


def case_retries_after_429(client):
    return retried(client, "unreliable-429")


def case_retries_after_503(client):
    return retried(client, "unreliable-busy")


def case_retries_that_do_not_suffice(client):
    return failure(lambda: ask(patient(client, 2), "text", model="status-503"))


def case_abort_after_the_first_token(client):
    """Hangs up in the middle; the client goes on with other calls."""
    chunks = client.models.generate_content_stream(model="stuck", contents="text")
    got = [plain(next(chunks))]
    chunks.close()
    return {"chunks": got, "afterwards": ask(client, "text")}


async def case_async_client(client):
    models = client.aio.models
    each = (models.generate_content(model=MODEL, contents=f"call {number}") for number in range(16))
    replies = await asyncio.gather(*each)
    chunks = await models.generate_content_stream(model=MODEL, contents="text")
    refused = models.generate_content(model="status-404", contents="text")
    return {
        "replies": [plain(reply) for reply in replies],
        "chunks": [plain(chunk) async for chunk in chunks],
        "refused": described((await asyncio.gather(refused, return_exceptions=True))[0]),
    }


def refused(client, status):
    return failure(lambda: ask(client, "text", model=f"status-{status}"))


def retried(client, model):
    return cases.waited(lambda: ask(patient(client, 3), "text", model=model), at_least_s=0.4)


def stream_and_failure(client, model):
    return cases.read_until_failure(lambda: stream(client, "text", model=model), described)


def failure(act):
    return cases.failure(act, described)


def described(error):
    if isinstance(error, errors.APIError):
        return {"code": error.code, "status": error.status, "told": error.message, "details": error.details}
    return {}


cases.main(globals(), connect, connect, read_first_chunk)
