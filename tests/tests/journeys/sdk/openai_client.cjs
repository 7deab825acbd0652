// What the drivers of OpenAI's SDK for Node have in common: its clients and its exceptions.

"use strict";

require("./cases.cjs");
const OpenAI = require("openai");

function connect(baseURL, apiKey) {
  return new OpenAI({ baseURL: `${baseURL}/v1`, apiKey, maxRetries: 0, timeout: 30_000 });
}

function described(error) {
  if (!(error instanceof OpenAI.APIError)) return {};
  const { code, type, param, error: body, status, requestID } = error;
  const retryAfter = error.headers?.get("retry-after");
  return { code, type, param, body, status, request_id: requestID, retry_after: retryAfter };
}

module.exports = { connect, described };
