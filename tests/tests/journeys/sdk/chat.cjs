// The driver of OpenAI's SDK for Node and Chat Completions; see `cases.cjs`.

"use strict";

const cases = require("./cases.cjs");
const { connect, described } = require("./openai_client.cjs");
const { zodResponseFormat } = require("openai/helpers/zod");
const { z } = require("zod");

const TOOLS = [
  {
    type: "function",
    function: {
      name: "weather",
      description: "The weather in a city.",
      parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
    },
  },
];

const Invoice = z.object({ number: z.string(), total: z.number() });

const OWN = {
  raw_response_headers: (client) => cases.raw(ask(client, "text")),

  instructions_and_history(client) {
    const messages = [
      { role: "system", content: "Be brief." },
      { role: "user", content: "One." },
      { role: "assistant", content: "Yes." },
      { role: "user", content: [{ type: "text", text: "Two." }] },
    ];
    return ask(client, "", { messages });
  },

  stream_with_usage: (client) =>
    cases.told(SDK, ask(client, "text", { stream: true, stream_options: { include_usage: true } })),

  async stream_helper(client) {
    const stream = client.chat.completions.stream(call("Weather in both?", { tools: TOOLS }));
    const events = [];
    for (const event of ["connect", "chunk", "message", "end", "tool_calls.function.arguments.done"]) {
      stream.on(event, () => events.push(event));
    }
    return { final: await stream.finalChatCompletion(), events };
  },

  tools: (client) =>
    ask(client, "Weather?", { tools: TOOLS, tool_choice: "required", parallel_tool_calls: false }),

  async parallel_tools_and_their_results(client) {
    const first = await ask(client, "Weather in both?", { tools: TOOLS });
    const said = first.choices[0].message;
    const results = said.tool_calls.map(({ id }) => ({ role: "tool", tool_call_id: id, content: "rain" }));
    const messages = [{ role: "user", content: "Weather in both?" }, said, ...results];
    return [first, await ask(client, "", { messages, tools: TOOLS })];
  },

  tools_stream: (client) => cases.told(SDK, ask(client, "Weather in both?", { tools: TOOLS, stream: true })),

  async structured_output(client) {
    const reply = await parse(client, "invoice");
    return { parsed: reply.choices[0].message.parsed, object: reply };
  },

  structured_output_that_does_not_fit: (client) => cases.failure(SDK, () => parse(client, "text")),

  image(client) {
    const url = "data:image/png;base64," + "iVBORw0KGgo".repeat(20_000);
    return ask(client, [
      { type: "text", text: "What is this?" },
      { type: "image_url", image_url: { url } },
    ]);
  },

  linked_image(client) {
    const image_url = { url: "https://images.example/one.png" };
    return ask(client, [
      { type: "text", text: "What is this?" },
      { type: "image_url", image_url },
    ]);
  },

  limit: (client) => ask(client, cases.LONGER, { max_completion_tokens: 16 }),

  stop_sequence: (client) => ask(client, "text", { stop: ["said"] }),

  error_400: (client) => cases.failure(SDK, () => ask(client, "text", { max_output_tokens: 1 })),
};

function call(content, more) {
  return { messages: [{ role: "user", content }], ...more, model: more?.model ?? "gpt-4.1" };
}

function ask(client, content, more, controller) {
  return client.chat.completions.create(call(content, more), { signal: controller?.signal });
}

function parse(client, content) {
  const more = { response_format: zodResponseFormat(Invoice, "invoice") };
  return client.chat.completions.parse(call(content, more));
}

function words(chunk) {
  return chunk.choices.map(({ delta }) => delta.content ?? "").join("");
}

const SDK = {
  connect,
  ask,
  words,
  described,
  busy: "status-503",
  statuses: [403, 500, 503],
  // A larger prompt than a socket's buffer.
  long: "a long prompt, ".repeat(1 << 16),
  own: OWN,
};

cases.main(SDK);
