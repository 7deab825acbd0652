// Every case of the journey `sdk` for Node, through one base URL; prints what each came to as JSON.
//
// It is run twice, at the provider and through Foreshadow, and the two outputs are compared.
// CommonJS, because NODE_PATH says where the packages are and modules do not read it.

"use strict";

// Node 18 has the class and does not call it a global, which the SDK asks for.
globalThis.File ??= require("node:buffer").File;

const { createHash } = require("node:crypto");
const { channel } = require("node:diagnostics_channel");
const { setImmediate: turn, setTimeout: pause } = require("node:timers/promises");
const OpenAI = require("openai");
const { zodResponseFormat } = require("openai/helpers/zod");
const { z } = require("zod");

const HOP_BY_HOP = new Set(["connection", "keep-alive", "transfer-encoding", "date"]);
// Shorter than the provider's silence, longer than anything that it does answer.
const IMPATIENT_MS = 1500;
// What a timer may be early by, by another clock.
const EARLY_MS = 5;

const TOOLS = [
  {
    type: "function",
    function: {
      name: "weather",
      description: "The weather in a city.",
      parameters: {
        type: "object",
        properties: { city: { type: "string" } },
        required: ["city"],
      },
    },
  },
];

const Invoice = z.object({ number: z.string(), total: z.number() });
const Misfit = z.object({ number: z.number(), total: z.number() });

async function main(baseURL, apiKey) {
  const settings = { baseURL, apiKey, maxRetries: 0, timeout: 30_000 };
  const cameTo = {};
  for (const [name, run] of Object.entries(CASES)) {
    cameTo[name] = await run(new OpenAI(settings));
  }
  console.log(JSON.stringify(cameTo));
}

const CASES = {
  text: (client) => ask(client, "text"),

  async raw_response_headers(client) {
    const { data, response } = await client.chat.completions.create(call("text")).withResponse();
    const headers = [...response.headers].filter(([name]) => !HOP_BY_HOP.has(name)).sort();
    return { status: response.status, headers, object: data };
  },

  stream: async (client) => all(await ask(client, "Hello, 世界", { stream: true })),

  stream_with_usage: async (client) =>
    all(await ask(client, "text", { stream: true, stream_options: { include_usage: true } })),

  async stream_helper(client) {
    const more = { tools: TOOLS, parallel_tool_calls: true };
    const stream = client.chat.completions.stream(call("tools", more));
    const events = [];
    for (const event of ["connect", "chunk", "message", "end", "error", ...TOOL_EVENTS]) {
      stream.on(event, () => events.push(event));
    }
    return { final: await stream.finalChatCompletion(), events };
  },

  async stream_tee(client) {
    const [left, right] = (await ask(client, "text", { stream: true })).tee();
    return Promise.all([all(left), all(right)]);
  },

  tools: (client) => ask(client, "tools", { tools: TOOLS, tool_choice: "required" }),

  parallel_tools: (client) => ask(client, "tools", { tools: TOOLS, parallel_tool_calls: true }),

  tools_stream: async (client) =>
    all(await ask(client, "tools", { tools: TOOLS, parallel_tool_calls: true, stream: true })),

  async structured_output(client) {
    const reply = await parse(client, Invoice);
    return { parsed: reply.choices[0].message.parsed, object: reply };
  },

  structured_output_that_does_not_fit: (client) => failure(() => parse(client, Misfit)),

  image_in_the_prompt(client) {
    const url = "data:image/png;base64," + "iVBORw0KGgo".repeat(20_000);
    const parts = [
      { type: "text", text: "What is this?" },
      { type: "image_url", image_url: { url } },
    ];
    return ask(client, parts);
  },

  several_choices: (client) => ask(client, "text", { n: 2 }),

  logprobs: (client) => ask(client, "text", { logprobs: true, top_logprobs: 2 }),

  long_prompt: (client) =>
    ask(client, "a long prompt, ".repeat(1 << 16) + "x".repeat(1 << 16)),

  unicode: (client) =>
    ask(client, 'é 世界 👩\u200d👩\u200d👧 \u202eRTL \x00\x1f \ud7ff\u{10ffff} "\\/'),

  async unicode_stream(client) {
    const text = "é 世界 👩\u200d👩\u200d👧 \u202eRTL \u{10ffff}";
    const chunks = await all(await ask(client, text, { stream: true }));
    return chunks.map((chunk) => chunk.choices[0].delta.content ?? "").join("");
  },

  empty_content: async (client) => [await ask(client, ""), await ask(client, "nothing")],

  embeddings: (client) =>
    client.embeddings.create({
      model: "embedder",
      input: ["one", "two"],
      encoding_format: "float",
    }),

  async embeddings_base64(client) {
    const coded = { model: "embedder", input: "one", encoding_format: "base64" };
    // Left to itself the SDK asks for base64 and decodes it.
    const decoded = { model: "embedder", input: ["one", "two"] };
    return [await client.embeddings.create(coded), await client.embeddings.create(decoded)];
  },

  moderations: (client) =>
    client.moderations.create({ model: "moderator", input: ["I will", "I won't"] }),

  models: async (client) => all(await client.models.list()),

  async files_upload(client) {
    // Longer than a socket's buffer, with every byte in it.
    const content = Uint8Array.from({ length: 256 * 2048 }, (_, place) => place % 256);
    const file = await OpenAI.toFile(content, "données.jsonl");
    return client.files.create({ file, purpose: "batch" });
  },

  async files_pages(client) {
    const first = await client.files.list({ limit: 2 });
    return { first: first.data, all: await all(first) };
  },

  async files_content(client) {
    const content = Buffer.from(await (await client.files.content("file-1")).arrayBuffer());
    const digest = createHash("sha256").update(content).digest("hex");
    return { bytes: content.length, digest };
  },

  files_delete: (client) => client.files.delete("file-1"),

  error_400: (client) => refused(client, 400),

  error_401: (client) => failure(() => ask(client.withOptions({ apiKey: "wrong" }), "text")),

  error_403: (client) => refused(client, 403),

  error_404: async (client) => [
    await refused(client, 404),
    await failure(() => client.get("/none")),
  ],

  error_409: (client) => refused(client, 409),

  error_422: (client) => refused(client, 422),

  error_429: (client) => failure(() => ask(client, "text", { model: "limited" })),

  error_500: (client) => refused(client, 500),

  error_503: (client) => refused(client, 503),

  error_of_a_gateway: (client) => failure(() => ask(client, "text", { model: "page" })),

  error_before_a_stream: (client) =>
    failure(() => ask(client, "text", { model: "status-429", stream: true })),

  error_in_a_stream: (client) => streamAndFailure(client, "erring"),

  garbage: (client) => failure(() => ask(client, "text", { model: "garbage" })),

  truncated_stream: (client) => streamAndFailure(client, "truncating"),

  connection_error: (client) => failure(() => ask(client, "text", { model: "closing" })),

  timeout: (client) =>
    failure(() => ask(client.withOptions({ timeout: IMPATIENT_MS }), "text", { model: "silent" })),

  // Once a reply has begun the SDK waits for ever: its callers abort, and the stream just ends.
  async timeout_in_a_stream(client) {
    const stream = await ask(client, "text", { model: "stuck", stream: true });
    const timer = setTimeout(() => stream.controller.abort(), IMPATIENT_MS);
    const chunks = [];
    for await (const chunk of stream) {
      chunks.push(chunk);
      timer.refresh();
    }
    return { aborted: stream.controller.signal.aborted, chunks };
  },

  retries_after_429: (client) => retried(client, "unreliable-429", 1000),

  retries_after_503: (client) => retried(client, "unreliable-503", 20),

  retries_after_a_closed_connection: (client) => retried(client, "unreliable-closed", 0),

  retries_that_do_not_suffice: (client) =>
    failure(() => ask(client.withOptions({ maxRetries: 1 }), "text", { model: "unreliable-503" })),

  retries_that_the_provider_forbids: (client) =>
    failure(() => ask(client.withOptions({ maxRetries: 2 }), "text", { model: "final" })),

  // Hangs up once the stream has begun, before there is a token.
  async abort_before_the_first_token(client) {
    const stream = await ask(client, "text", { model: "hesitant", stream: true });
    const first = stream[Symbol.asyncIterator]().next();
    const done = await Promise.race([first.then(() => 1), pause(50).then(() => 0)]);
    stream.controller.abort();
    return { done, first: await first, afterwards: await ask(client, "text") };
  },

  // Hangs up after the third chunk; the client goes on with other calls.
  async abort_after_the_first_token(client) {
    const chunks = [];
    for await (const chunk of await ask(client, "text", { model: "long", stream: true })) {
      chunks.push(chunk);
      if (chunks.length === 3) break;
    }
    return { chunks, afterwards: await ask(client, "text") };
  },

  // All calls, failed ones among them, on one connection.
  async keep_alive(client) {
    const ports = new Set();
    const note = ({ socket }) => ports.add(socket.localPort);
    const sent = channel("undici:client:sendHeaders");
    sent.subscribe(note);
    for (let number = 0; number < 20; number++) {
      // A reply is read a little before its connection is known to be free.
      await turn();
      await ask(client, `call ${number}`);
      await turn();
      await refused(client, 400);
    }
    sent.unsubscribe(note);
    return { connections: ports.size };
  },

  async concurrent_calls(client) {
    const numbers = [...Array(16).keys()];
    const [replies, chunks, pages, error] = await Promise.all([
      Promise.all(numbers.map((number) => ask(client, `call ${number}`))),
      ask(client, "text", { stream: true }).then(all),
      all(client.files.list({ limit: 2 })),
      refused(client, 422),
    ]);
    return { replies, chunks, pages, error };
  },
};

const TOOL_EVENTS = [
  "tool_calls.function.arguments.delta",
  "tool_calls.function.arguments.done",
];

function call(content, more) {
  return { model: "large", messages: [{ role: "user", content }], ...more };
}

function ask(client, content, more) {
  return client.chat.completions.create(call(content, more));
}

function parse(client, shape) {
  const more = { response_format: zodResponseFormat(shape, "invoice") };
  return client.chat.completions.parse(call("invoice", more));
}

async function all(items) {
  const got = [];
  for await (const item of items) got.push(item);
  return got;
}

function refused(client, status) {
  return failure(() => ask(client, "text", { model: `status-${status}` }));
}

// The SDK's own retries; its last call says in a header which one it was.
async function retried(client, model, atLeastMs) {
  const start = performance.now();
  const object = await ask(client.withOptions({ maxRetries: 2 }), "text", { model });
  return { waited: performance.now() - start >= atLeastMs - EARLY_MS, object };
}

async function streamAndFailure(client, model) {
  const chunks = [];
  const read = async () => {
    for await (const chunk of await ask(client, "text", { model, stream: true })) {
      chunks.push(chunk);
    }
  };
  return { failure: await failure(read), chunks };
}

async function failure(act) {
  try {
    await act();
  } catch (error) {
    return described(error);
  }
  return null;
}

function described(error) {
  const said = { class: error.constructor.name, message: error.message };
  if (error.cause) said.cause = { ...described(error.cause), code: error.cause.code ?? null };
  if (error instanceof OpenAI.APIError) {
    const { code, type, param, error: body, status, requestID } = error;
    Object.assign(said, { code, type, param, body, status, request_id: requestID });
    said.retry_after = error.headers?.get("retry-after");
  }
  return said;
}

main(...process.argv.slice(3));
