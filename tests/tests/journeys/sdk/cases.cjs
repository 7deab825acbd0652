// What every SDK for Node is put through, and how; `cases.py` says what a driver is. Here it is an
// object: `connect`, `ask` (whole or streamed, as the call says), `words` and `described`, the names of
// models and statuses, and `own`: its own cases, by name.
// CommonJS, because NODE_PATH says where the packages are and modules do not read it.

"use strict";

// Node 18 has the class and does not call it a global, which SDKs ask for.
globalThis.File ??= require("node:buffer").File;

const { setTimeout: pause } = require("node:timers/promises");

const HOP_BY_HOP = new Set(["connection", "keep-alive", "transfer-encoding", "date"]);
// Shorter than the provider's silence, longer than anything that it does answer.
const IMPATIENT_MS = 1500;
// What a timer may be early by, by another clock.
const EARLY_MS = 5;
// So long is waited for the head of a stream that says nothing, which may not come before something is said.
const HEADLESS_MS = 3000;
// Long enough that a stream of it is in many pieces before it stops in its middle.
const LONGER = "text ".repeat(40);
const UNICODE = 'é 世界 👩\u200d👩\u200d👧 \u202eRTL \x00\x1f \ud7ff\u{10ffff} "\\/';
const UNICODE_IN_PIECES = "é 世界 👩\u200d👩\u200d👧 \u202eRTL \u{10ffff}, ".repeat(4);

async function main(sdk) {
  const [verb, ...args] = process.argv.slice(2);
  const verbs = { cases: run, warm, "first-chunk": firstChunksLaterMs };
  console.log(JSON.stringify((await verbs[verb](sdk, ...args)) ?? null));
}

async function run(sdk, baseURL, key, ...names) {
  const cameTo = {};
  for (const [name, act] of Object.entries({ ...shared(sdk), ...sdk.own })) {
    if (names.length && !names.includes(name)) continue;
    cameTo[name] = await act(sdk.connect(baseURL, key));
  }
  return cameTo;
}

async function warm(sdk, baseURL, key, ...models) {
  const client = sdk.connect(baseURL, key);
  for (const model of models) {
    await sdk.ask(client, "text", { model });
    await all(sdk.ask(client, "text", { model, stream: true }));
  }
}

async function firstChunksLaterMs(sdk, key, pairs, ...baseURLs) {
  const clients = baseURLs.map((baseURL) => sdk.connect(baseURL, key));
  const firstChunkMs = async (client) => {
    const start = performance.now();
    let waited = null;
    for await (const _ of await sdk.ask(client, LONGER, { stream: true })) {
      waited ??= performance.now() - start;
    }
    return waited;
  };
  // Connections are made, and the SDK's parts loaded, before anything counts.
  for (const client of clients) await firstChunkMs(client);
  const differences = [];
  for (let pair = 0; pair < Number(pairs); pair++) {
    // Each goes first in turn.
    const waited = [];
    for (const which of pair % 2 ? [0, 1] : [1, 0]) {
      waited[which] = await firstChunkMs(clients[which]);
    }
    differences.push(waited[1] - waited[0]);
  }
  return differences;
}

function shared(sdk) {
  const ask = (client, model, more) => sdk.ask(client, "text", { model, ...more });
  const failed = (act) => failure(sdk, act);
  const impatient = (client) => client.withOptions({ timeout: IMPATIENT_MS });
  const patient = (client, maxRetries) => client.withOptions({ maxRetries });
  const refused = (client, status) => failed(() => ask(client, `status-${status}`));

  // Whether the SDK's own retries waited as they were told to.
  const retried = async (client, model, atLeastMs) => {
    const waiting = patient(client, 2);
    const start = performance.now();
    const object = await ask(waiting, model);
    return { waited: performance.now() - start >= atLeastMs - EARLY_MS, object };
  };

  const readUntilFailure = async (client, model) => {
    const chunks = [];
    const read = async () => {
      for await (const chunk of await sdk.ask(client, LONGER, { model, stream: true })) chunks.push(chunk);
    };
    const failure = await failed(read);
    return { failure, chunks, said: chunks.map(sdk.words).join("") };
  };

  const ofStatuses = sdk.statuses.map((status) => [`error_${status}`, (client) => refused(client, status)]);

  return {
    text: (client) => ask(client),

    stream: (client) => told(sdk, sdk.ask(client, "Hello, 世界", { stream: true })),

    unicode: (client) => sdk.ask(client, UNICODE),

    unicode_stream: (client) => told(sdk, sdk.ask(client, UNICODE_IN_PIECES, { stream: true })),

    long_prompt: (client) => sdk.ask(client, sdk.long),

    content_policy: (client) => ask(client, "blocked"),

    error_of_an_unknown_key: (client) => failed(() => ask(client.withOptions({ apiKey: "wrong" }))),

    error_404: (client) => failed(() => ask(client, "nobody")),

    error_429: (client) => failed(() => ask(client, "limited")),

    ...Object.fromEntries(ofStatuses),

    error_of_a_gateway: (client) => failed(() => ask(client, "page")),

    error_before_a_stream: (client) => readUntilFailure(client, sdk.busy),

    error_in_a_stream: (client) => readUntilFailure(client, "erring"),

    garbage: (client) => failed(() => ask(client, "garbage")),

    truncated_stream: (client) => readUntilFailure(client, "truncating"),

    connection_error: (client) => failed(() => ask(client, "closing")),

    timeout: (client) => failed(() => ask(impatient(client), "silent")),

    // Once a reply has begun the SDKs wait for ever: their callers abort, and the stream just ends.
    async timeout_in_a_stream(client) {
      const stream = await sdk.ask(client, LONGER, { model: "stuck", stream: true });
      const timer = setTimeout(() => stream.controller.abort(), IMPATIENT_MS);
      const chunks = [];
      for await (const chunk of stream) {
        chunks.push(chunk);
        timer.refresh();
      }
      const aborted = stream.controller.signal.aborted;
      return { aborted, chunks, said: chunks.map(sdk.words).join("") };
    },

    retries_after_429: (client) => retried(client, "unreliable-429", 1000),

    retries_after_an_overload: (client) => retried(client, "unreliable-busy", 400),

    retries_after_a_closed_connection: (client) => retried(client, "unreliable-closed", 0),

    retries_that_do_not_suffice: (client) => failed(() => ask(patient(client, 1), sdk.busy)),

    retries_that_the_provider_forbids: (client) => failed(() => ask(patient(client, 2), "spent")),

    // Hangs up on a call that has begun, before there is a token.
    async abort_before_the_first_token(client) {
      const controller = new AbortController();
      const begun = sdk.ask(client, "text", { model: "hesitant", stream: true }, controller);
      const first = Promise.resolve(begun).then((stream) => stream[Symbol.asyncIterator]().next());
      const ended = first.then(({ done }) => (done ? "ended" : "said"), (error) => error.constructor.name);
      await Promise.race([begun, pause(HEADLESS_MS)]);
      const done = await Promise.race([ended.then(() => 1), pause(50).then(() => 0)]);
      controller.abort();
      return { done, outcome: await ended, afterwards: await ask(client) };
    },

    // Hangs up in the middle; the client goes on with other calls.
    async abort_after_the_first_token(client) {
      const chunks = [];
      for await (const chunk of await sdk.ask(client, LONGER, { model: "stuck", stream: true })) {
        chunks.push(chunk);
        if (chunks.length === 2) break;
      }
      return { chunks, afterwards: await ask(client) };
    },

    async concurrent_calls(client) {
      const numbers = [...Array(16).keys()];
      const [replies, chunks, refused] = await Promise.all([
        Promise.all(numbers.map((number) => sdk.ask(client, `call ${number}`))),
        all(ask(client, undefined, { stream: true })),
        failed(() => ask(client, "nobody")),
      ]);
      return { replies, chunks, refused };
    },
  };
}

// The chunks of a stream, and what they say together.
async function told(sdk, stream) {
  const chunks = await all(stream);
  return { chunks, said: chunks.map(sdk.words).join("") };
}

async function all(items) {
  const got = [];
  for await (const item of await items) got.push(item);
  return got;
}

// A reply with its head.
async function raw(promise) {
  const { data, response } = await promise.withResponse();
  const headers = [...response.headers].filter(([name]) => !HOP_BY_HOP.has(name)).sort();
  return { status: response.status, headers, object: data };
}

async function failure(sdk, act) {
  try {
    await act();
  } catch (error) {
    return described(sdk, error);
  }
  return null;
}

function described(sdk, error) {
  const said = { class: error.constructor.name, message: error.message, ...sdk.described(error) };
  if (error.cause) said.cause = { ...described(sdk, error.cause), code: error.cause.code ?? null };
  return said;
}

module.exports = { LONGER, UNICODE_IN_PIECES, all, failure, main, raw, told };
