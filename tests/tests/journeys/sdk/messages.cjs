// Every case of the journey `sdk` for Anthropic's SDK for Node; see `cases.py`.

"use strict";

const cases = require("./cases.cjs");
const Anthropic = require("@anthropic-ai/sdk");
const { zodOutputFormat } = require("@anthropic-ai/sdk/helpers/zod");
const { z } = require("zod");

const MODEL = "claude-haiku-4-5";
// A larger prompt than a socket's buffer, smaller than the model's context.
const LONG = "a long prompt, ".repeat(1 << 15);

const TOOLS = [
  {
    name: "weather",
    description: "The weather in a city.",
    input_schema: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
  },
];
const THINKING = { max_tokens: 4096, thinking: { type: "enabled", budget_tokens: 1024 } };

const Invoice = z.object({ number: z.string(), total: z.number() });

const CASES = {
  text: (client) => ask(client, "text"),

  raw_response_headers: (client) => cases.raw(ask(client, "text")),

  system_and_history(client) {
    const messages = [
      { role: "user", content: "One." },
      { role: "assistant", content: "Yes." },
      { role: "user", content: [{ type: "text", text: "Two." }] },
    ];
    return ask(client, "", { messages, system: "Be brief." });
  },

  stream: (client) => cases.all(ask(client, "Hello, 世界", { stream: true })),

  async stream_helper(client) {
    const stream = client.messages.stream(call("Weather in both?", { tools: TOOLS }));
    const events = [];
    for (const event of ["connect", "streamEvent", "text", "inputJson", "contentBlock", "message", "end"]) {
      stream.on(event, () => events.push(event));
    }
    return { final: await stream.finalMessage(), events };
  },

  tools(client) {
    const tool_choice = { type: "any", disable_parallel_tool_use: true };
    return ask(client, "Weather?", { tools: TOOLS, tool_choice });
  },

  async parallel_tools_and_their_results(client) {
    const first = await ask(client, "Weather in both?", { tools: TOOLS });
    const results = first.content
      .filter((block) => block.type === "tool_use")
      .map((block) => ({ type: "tool_result", tool_use_id: block.id, content: "rain" }));
    const messages = [
      { role: "user", content: "Weather in both?" },
      { role: "assistant", content: first.content },
      { role: "user", content: results },
    ];
    return [first, await ask(client, "", { messages, tools: TOOLS })];
  },

  tools_stream: (client) => cases.all(ask(client, "Weather in both?", { tools: TOOLS, stream: true })),

  async thinking_and_back(client) {
    const first = await ask(client, "text", THINKING);
    const messages = [
      { role: "user", content: "text" },
      { role: "assistant", content: first.content },
      { role: "user", content: "And now?" },
    ];
    return [first, await ask(client, "", { messages, ...THINKING })];
  },

  thinking_stream: (client) => cases.all(ask(client, "text", { ...THINKING, stream: true })),

  async structured_output(client) {
    const reply = await parse(client, "invoice");
    return { parsed: reply.parsed_output, object: reply };
  },

  structured_output_that_does_not_fit: (client) => failure(() => parse(client, "text")),

  image_and_document(client) {
    const source = { type: "base64", media_type: "image/png", data: "iVBORw0KGgo".repeat(20_000) };
    const document = { type: "text", media_type: "text/plain", data: "A document." };
    return ask(client, [
      { type: "image", source },
      { type: "document", source: document },
      { type: "text", text: "What is this?" },
    ]);
  },

  long_prompt: (client) => ask(client, LONG),

  prompt_that_is_too_long: (client) => failure(() => ask(client, LONG.repeat(2))),

  unicode: (client) => ask(client, 'é 世界 👩\u200d👩\u200d👧 \u202eRTL \x00\x1f \ud7ff\u{10ffff} "\\/'),

  async unicode_stream(client) {
    const stream = client.messages.stream(call("é 世界 👩\u200d👩\u200d👧 \u202eRTL \u{10ffff}"));
    return stream.finalText();
  },

  async cache(client) {
    const marked = (text, ttl) => [{ type: "text", text, cache_control: { type: "ephemeral", ttl } }];
    const system = marked("s".repeat(400), "1h");
    const said = marked("u".repeat(400), "5m");
    const messages = [
      { role: "user", content: said },
      { role: "assistant", content: "Yes." },
      { role: "user", content: "And now?" },
    ];
    const replies = [await ask(client, said, { system }), await ask(client, "", { messages, system })];
    return replies.map((reply) => reply.usage);
  },

  count_tokens(client) {
    const messages = [{ role: "user", content: "How long is this?" }];
    return client.messages.countTokens({ model: MODEL, messages, tools: TOOLS });
  },

  models: (client) => cases.all(client.models.list()),

  limit: (client) => ask(client, "text", { max_tokens: 1 }),

  stop_sequence: (client) => ask(client, "text", { stop_sequences: ["said"] }),

  content_policy: (client) => ask(client, "text", { model: "blocked" }),

  error_400: async (client) => [
    await failure(() => ask(client, "text", { frequency_penalty: 1 })),
    await failure(() => ask(client, "text", { max_tokens: 65_000, stream: true })),
    await failure(() => ask(client, "", { messages: [{ role: "assistant", content: "Yes." }] })),
    await failure(() => ask(client, "text", { temperature: 0.5, top_p: 0.5 })),
  ],

  error_401: (client) => failure(() => ask(client.withOptions({ apiKey: "wrong" }), "text")),

  error_402: (client) => refused(client, 402),

  error_403: (client) => refused(client, 403),

  error_404: async (client) => [
    await failure(() => ask(client, "text", { model: "nobody" })),
    await failure(() => client.get("/none")),
  ],

  error_413: (client) => refused(client, 413),

  error_429: (client) => failure(() => ask(client, "text", { model: "limited" })),

  error_500: (client) => refused(client, 500),

  error_504: (client) => refused(client, 504),

  error_529: (client) => refused(client, 529),

  error_of_a_gateway: (client) => failure(() => ask(client, "text", { model: "page" })),

  error_before_a_stream: (client) =>
    failure(() => ask(client, "text", { model: "status-529", stream: true })),

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

  retries_after_529: (client) => retried(client, "unreliable-busy", 400),

  retries_after_a_closed_connection: (client) => retried(client, "unreliable-closed", 0),

  retries_that_do_not_suffice: (client) =>
    failure(() => ask(client.withOptions({ maxRetries: 1 }), "text", { model: "status-529" })),

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
  return new Anthropic({ baseURL, apiKey, maxRetries: 0, timeout: 30_000 });
}

function call(content, more) {
  return { model: MODEL, max_tokens: 1024, messages: [{ role: "user", content }], ...more };
}

function ask(client, content, more) {
  return client.messages.create(call(content, more));
}

function parse(client, content) {
  return client.messages.parse(call(content, { output_config: { format: zodOutputFormat(Invoice) } }));
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
  if (!(error instanceof Anthropic.APIError)) return {};
  const { error: body, status, requestID, type } = error;
  const retryAfter = error.headers?.get("retry-after");
  return { body, status, type, request_id: requestID, retry_after: retryAfter };
}

cases.main(CASES, connect, (client) => ask(client, "text", { stream: true }));
