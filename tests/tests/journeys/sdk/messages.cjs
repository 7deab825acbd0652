// The driver of Anthropic's SDK for Node; see `cases.cjs`.

"use strict";

const cases = require("./cases.cjs");
const Anthropic = require("@anthropic-ai/sdk");
const { zodOutputFormat } = require("@anthropic-ai/sdk/helpers/zod");
const { z } = require("zod");

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

const OWN = {
  raw_response_headers: (client) => cases.raw(ask(client, "text")),

  instructions_and_history(client) {
    const messages = [
      { role: "user", content: "One." },
      { role: "assistant", content: "Yes." },
      { role: "user", content: [{ type: "text", text: "Two." }] },
    ];
    return ask(client, "", { messages, system: "Be brief." });
  },

  async stream_helper(client) {
    const stream = client.messages.stream(call("Weather in both?", { tools: TOOLS }));
    const events = [];
    for (const event of ["connect", "contentBlock", "message", "end"]) {
      stream.on(event, () => events.push(event));
    }
    return { final: await stream.finalMessage(), events };
  },

  text_stream_helper: (client) => client.messages.stream(call(cases.UNICODE_IN_PIECES)).finalText(),

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

  tools_stream: (client) => cases.told(SDK, ask(client, "Weather in both?", { tools: TOOLS, stream: true })),

  async thinking_and_back(client) {
    const first = await ask(client, "text", THINKING);
    const messages = [
      { role: "user", content: "text" },
      { role: "assistant", content: first.content },
      { role: "user", content: "And now?" },
    ];
    return [first, await ask(client, "", { messages, ...THINKING })];
  },

  async thinking_before_tools(client) {
    const config = { ...THINKING, tools: TOOLS };
    const first = await ask(client, "Weather?", config);
    const { id } = first.content.find((block) => block.type === "tool_use");
    const messages = [
      { role: "user", content: "Weather?" },
      { role: "assistant", content: first.content },
      { role: "user", content: [{ type: "tool_result", tool_use_id: id, content: "rain" }] },
    ];
    return [first, await ask(client, "", { messages, ...config })];
  },

  reasoning_stream: (client) => cases.told(SDK, ask(client, "text", { ...THINKING, stream: true })),

  async structured_output(client) {
    const reply = await parse(client, "invoice");
    return { parsed: reply.parsed_output, object: reply };
  },

  structured_output_that_does_not_fit: (client) => cases.failure(SDK, () => parse(client, "text")),

  image(client) {
    const source = { type: "base64", media_type: "image/png", data: "iVBORw0KGgo".repeat(20_000) };
    return ask(client, [
      { type: "image", source },
      { type: "text", text: "What is this?" },
    ]);
  },

  linked_image(client) {
    const source = { type: "url", url: "https://images.example/one.png" };
    return ask(client, [
      { type: "image", source },
      { type: "text", text: "What is this?" },
    ]);
  },

  document(client) {
    const source = { type: "text", media_type: "text/plain", data: "A document." };
    return ask(client, [
      { type: "document", source },
      { type: "text", text: "What is this?" },
    ]);
  },

  prompt_that_is_too_long: (client) => cases.failure(SDK, () => ask(client, LONG.repeat(2))),

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
    return client.messages.countTokens({ model: "claude-haiku-4-5", messages, tools: TOOLS });
  },

  models: (client) => cases.all(client.models.list()),

  limit: (client) => ask(client, cases.LONGER, { max_tokens: 16 }),

  stop_sequence: (client) => ask(client, "text", { stop_sequences: ["said"] }),

  error_400: async (client) => [
    await cases.failure(SDK, () => ask(client, "text", { frequency_penalty: 1 })),
    await cases.failure(SDK, () => ask(client, "text", { max_tokens: 65_000, stream: true })),
    await cases.failure(SDK, () => ask(client, "", { messages: [{ role: "assistant", content: "Yes." }] })),
    await cases.failure(SDK, () => ask(client, "text", { temperature: 0.5, top_p: 0.5 })),
  ],

  error_of_an_unknown_path: (client) => cases.failure(SDK, () => client.get("/none")),
};

function connect(baseURL, apiKey) {
  return new Anthropic({ baseURL, apiKey, maxRetries: 0, timeout: 30_000 });
}

function call(content, more) {
  const messages = [{ role: "user", content }];
  return { max_tokens: 1024, messages, ...more, model: more?.model ?? "claude-haiku-4-5" };
}

function ask(client, content, more, controller) {
  return client.messages.create(call(content, more), { signal: controller?.signal });
}

function parse(client, content) {
  return client.messages.parse(call(content, { output_config: { format: zodOutputFormat(Invoice) } }));
}

function words(event) {
  return event.type === "content_block_delta" ? (event.delta.text ?? "") : "";
}

function described(error) {
  if (!(error instanceof Anthropic.APIError)) return {};
  const { error: body, status, requestID, type } = error;
  const retryAfter = error.headers?.get("retry-after");
  return { body, status, type, request_id: requestID, retry_after: retryAfter };
}

const SDK = {
  connect,
  ask,
  words,
  described,
  busy: "status-529",
  statuses: [402, 403, 413, 500, 504, 529],
  long: LONG,
  own: OWN,
};

cases.main(SDK);
