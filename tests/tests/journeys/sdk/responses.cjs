// Every case of the journey `sdk` for OpenAI's SDK for Node and its Responses; see `cases.py`.

"use strict";

const cases = require("./cases.cjs");
const OpenAI = require("openai");
const { zodTextFormat } = require("openai/helpers/zod");
const { z } = require("zod");

const MODEL = "gpt-5";
// A larger prompt than a socket's buffer.
const LONG = "a long prompt, ".repeat(1 << 16);

const TOOLS = [
  {
    type: "function",
    name: "weather",
    description: "The weather in a city.",
    strict: true,
    parameters: {
      type: "object",
      properties: { city: { type: "string" } },
      required: ["city"],
      additionalProperties: false,
    },
  },
];

const Invoice = z.object({ number: z.string(), total: z.number() });

const CASES = {
  text: async (client) => {
    const reply = await ask(client, "text");
    return { text: reply.output_text, object: reply };
  },

  raw_response_headers: (client) => cases.raw(ask(client, "text")),

  instructions_and_history(client) {
    const turns = [
      { role: "user", content: "One." },
      { role: "assistant", content: "Yes." },
      { role: "user", content: [{ type: "input_text", text: "Two." }] },
    ];
    return ask(client, turns, { instructions: "Be brief." });
  },

  stream: (client) => cases.all(ask(client, "Hello, 世界", { stream: true })),

  async stream_helper(client) {
    const stream = client.responses.stream({ model: MODEL, input: "Weather in both?", tools: TOOLS });
    const events = [];
    for (const event of ["connect", "event", "response.function_call_arguments.delta", "end"]) {
      stream.on(event, () => events.push(event));
    }
    return { final: await stream.finalResponse(), events };
  },

  tools: (client) =>
    ask(client, "Weather?", { tools: TOOLS, tool_choice: "required", parallel_tool_calls: false }),

  async parallel_tools_and_their_outputs(client) {
    const include = ["reasoning.encrypted_content"];
    const first = await ask(client, "Weather in both?", { tools: TOOLS, store: false, include });
    const outputs = first.output
      .filter((item) => item.type === "function_call")
      .map((item) => ({ type: "function_call_output", call_id: item.call_id, output: "rain" }));
    const turns = [{ role: "user", content: "Weather in both?" }, ...first.output, ...outputs];
    return [first, await ask(client, turns, { tools: TOOLS, store: false })];
  },

  tools_stream: (client) => cases.all(ask(client, "Weather in both?", { tools: TOOLS, stream: true })),

  reasoning_summary_stream: (client) =>
    cases.all(ask(client, "text", { reasoning: { effort: "high", summary: "auto" }, stream: true })),

  async structured_output(client) {
    const reply = await parse(client, "invoice");
    return { parsed: reply.output_parsed, object: reply };
  },

  structured_output_that_does_not_fit: (client) => failure(() => parse(client, "text")),

  image(client) {
    const url = "data:image/png;base64," + "iVBORw0KGgo".repeat(20_000);
    const content = [
      { type: "input_text", text: "What is this?" },
      { type: "input_image", image_url: url },
    ];
    return ask(client, [{ role: "user", content }]);
  },

  long_prompt: (client) => ask(client, LONG),

  unicode: (client) => ask(client, 'é 世界 👩\u200d👩\u200d👧 \u202eRTL \x00\x1f \ud7ff\u{10ffff} "\\/'),

  limit: (client) => ask(client, "text ".repeat(40), { max_output_tokens: 16 }),

  content_policy: (client) => ask(client, "text", { model: "blocked" }),

  error_400: async (client) => [
    await failure(() => ask(client, "text", { max_tokens: 1 })),
    await failure(() => ask(client, "text", { temperature: 0.5 })),
    await failure(() => ask(client, "text", { max_output_tokens: 1 })),
    await failure(() => ask(client, "text", { previous_response_id: "resp_1" })),
  ],

  error_401: (client) => failure(() => ask(client.withOptions({ apiKey: "wrong" }), "text")),

  error_403: (client) => refused(client, 403),

  error_404: (client) => failure(() => ask(client, "text", { model: "nobody" })),

  error_429: (client) => failure(() => ask(client, "text", { model: "limited" })),

  error_500: (client) => refused(client, 500),

  error_503: (client) => refused(client, 503),

  error_of_a_gateway: (client) => failure(() => ask(client, "text", { model: "page" })),

  error_before_a_stream: (client) =>
    failure(() => ask(client, "text", { model: "status-503", stream: true })),

  error_in_a_stream: (client) => streamAndFailure(client, "erring"),

  garbage: (client) => failure(() => ask(client, "text", { model: "garbage" })),

  truncated_stream: (client) => streamAndFailure(client, "truncating"),

  connection_error: (client) => failure(() => ask(client, "text", { model: "closing" })),

  timeout(client) {
    const impatient = client.withOptions({ timeout: cases.IMPATIENT_MS });
    return failure(() => ask(impatient, "text", { model: "silent" }));
  },

  timeout_in_a_stream: (client) =>
    cases.untilImpatient(() => ask(client, "text", { model: "stuck", stream: true })),

  retries_after_429: (client) => retried(client, "unreliable-429", 1000),

  retries_after_503: (client) => retried(client, "unreliable-busy", 400),

  retries_after_a_closed_connection: (client) => retried(client, "unreliable-closed", 0),

  retries_that_do_not_suffice: (client) =>
    failure(() => ask(client.withOptions({ maxRetries: 1 }), "text", { model: "status-503" })),

  retries_that_the_provider_forbids: (client) =>
    failure(() => ask(client.withOptions({ maxRetries: 2 }), "text", { model: "spent" })),

  async abort_before_the_first_token(client) {
    const hesitant = () => ask(client, "text", { model: "hesitant", stream: true });
    return { ...(await cases.abandoned(hesitant)), afterwards: await ask(client, "text") };
  },

  // Hangs up in the middle; the client goes on with other calls.
  async abort_after_the_first_token(client) {
    const chunks = await cases.firstTwo(() => ask(client, "text", { model: "stuck", stream: true }));
    return { chunks, afterwards: await ask(client, "text") };
  },

  async concurrent_calls(client) {
    const numbers = [...Array(16).keys()];
    const [replies, chunks, error] = await Promise.all([
      Promise.all(numbers.map((number) => ask(client, `call ${number}`))),
      cases.all(ask(client, "text", { stream: true })),
      refused(client, 404),
    ]);
    return { replies, chunks, error };
  },
};

function connect(baseURL, apiKey) {
  return new OpenAI({ baseURL: `${baseURL}/v1`, apiKey, maxRetries: 0, timeout: 30_000 });
}

function ask(client, input, more) {
  return client.responses.create({ model: MODEL, input, ...more });
}

function parse(client, input) {
  const text = { format: zodTextFormat(Invoice, "invoice") };
  return client.responses.parse({ model: MODEL, input, text });
}

function refused(client, status) {
  return failure(() => ask(client, "text", { model: `status-${status}` }));
}

function retried(client, model, atLeastMs) {
  return cases.waited(() => ask(client.withOptions({ maxRetries: 2 }), "text", { model }), atLeastMs);
}

function streamAndFailure(client, model) {
  return cases.streamAndFailure(() => ask(client, "text", { model, stream: true }), described);
}

function failure(act) {
  return cases.failure(act, described);
}

function described(error) {
  if (!(error instanceof OpenAI.APIError)) return {};
  const { code, type, param, error: body, status, requestID } = error;
  const retryAfter = error.headers?.get("retry-after");
  return { code, type, param, body, status, request_id: requestID, retry_after: retryAfter };
}

cases.main(CASES, connect, (client) => ask(client, "text", { stream: true }));
