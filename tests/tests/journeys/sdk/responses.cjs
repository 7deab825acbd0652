// The driver of OpenAI's SDK for Node and its Responses; see `cases.cjs`.

"use strict";

const cases = require("./cases.cjs");
const { connect, described } = require("./openai_client.cjs");
const { zodTextFormat } = require("openai/helpers/zod");
const { z } = require("zod");

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

const OWN = {
  raw_response_headers: (client) => cases.raw(ask(client, "text")),

  instructions_and_history(client) {
    const turns = [
      { role: "user", content: "One." },
      { role: "assistant", content: "Yes." },
      { role: "user", content: [{ type: "input_text", text: "Two." }] },
    ];
    return ask(client, turns, { instructions: "Be brief." });
  },

  async stream_helper(client) {
    const stream = client.responses.stream(call("Weather in both?", { tools: TOOLS }));
    const events = [];
    for (const event of ["connect", "response.function_call_arguments.done", "end"]) {
      stream.on(event, () => events.push(event));
    }
    return { final: await stream.finalResponse(), events };
  },

  tools: (client) =>
    ask(client, "Weather?", { tools: TOOLS, tool_choice: "required", parallel_tool_calls: false }),

  async parallel_tools_and_their_results(client) {
    const include = ["reasoning.encrypted_content"];
    const first = await ask(client, "Weather in both?", { tools: TOOLS, store: false, include });
    const outputs = first.output
      .filter((item) => item.type === "function_call")
      .map((item) => ({ type: "function_call_output", call_id: item.call_id, output: "rain" }));
    const turns = [{ role: "user", content: "Weather in both?" }, ...first.output, ...outputs];
    return [first, await ask(client, turns, { tools: TOOLS, store: false })];
  },

  tools_stream: (client) => cases.told(SDK, ask(client, "Weather in both?", { tools: TOOLS, stream: true })),

  reasoning_stream(client) {
    const reasoning = { effort: "high", summary: "auto" };
    return cases.told(SDK, ask(client, "text", { reasoning, stream: true }));
  },

  async structured_output(client) {
    const reply = await parse(client, "invoice");
    return { parsed: reply.output_parsed, object: reply };
  },

  structured_output_that_does_not_fit: (client) => cases.failure(SDK, () => parse(client, "text")),

  image(client) {
    const url = "data:image/png;base64," + "iVBORw0KGgo".repeat(20_000);
    const content = [
      { type: "input_text", text: "What is this?" },
      { type: "input_image", image_url: url },
    ];
    return ask(client, [{ role: "user", content }]);
  },

  linked_image(client) {
    const content = [
      { type: "input_text", text: "What is this?" },
      { type: "input_image", image_url: "https://images.example/one.png" },
    ];
    return ask(client, [{ role: "user", content }]);
  },

  limit: (client) => ask(client, cases.LONGER, { max_output_tokens: 16 }),

  error_400: async (client) => [
    await cases.failure(SDK, () => ask(client, "text", { max_tokens: 1 })),
    await cases.failure(SDK, () => ask(client, "text", { temperature: 0.5 })),
    await cases.failure(SDK, () => ask(client, "text", { max_output_tokens: 1 })),
    await cases.failure(SDK, () => ask(client, "text", { previous_response_id: "resp_1" })),
  ],
};

function call(input, more) {
  return { input, ...more, model: more?.model ?? "gpt-5" };
}

function ask(client, input, more, controller) {
  return client.responses.create(call(input, more), { signal: controller?.signal });
}

function parse(client, input) {
  return client.responses.parse(call(input, { text: { format: zodTextFormat(Invoice, "invoice") } }));
}

function words(event) {
  return event.type === "response.output_text.delta" ? event.delta : "";
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
