"""What the drivers of OpenAI's SDK for Python have in common: its clients and its exceptions."""

import openai

import cases


def connect(base_url, key):
    return openai.OpenAI(base_url=f"{base_url}/v1", api_key=key, max_retries=0, timeout=30)


def connect_async(base_url, key):
    return openai.AsyncOpenAI(base_url=f"{base_url}/v1", api_key=key, max_retries=0, timeout=30)


def impatient(client):
    return client.with_options(timeout=cases.IMPATIENT_S)


def patient(client, retries):
    return client.with_options(max_retries=retries)


def stranger(client):
    return client.with_options(api_key="wrong")


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
