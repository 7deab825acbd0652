// What the cases of every SDK for Node have in common; see `cases.py`.
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

async function main(cases, connect, stream) {
  const args = process.argv.slice(2);
  const cameTo =
    args.length === 2 ? await run(cases, connect, ...args) : await firstChunksLaterMs(connect, stream, ...args);
  console.log(JSON.stringify(cameTo));
}

async function run(cases, connect, baseURL, key) {
  const cameTo = {};
  for (const [name, act] of Object.entries(cases)) {
    cameTo[name] = await act(connect(baseURL, key));
  }
  return cameTo;
}

async function firstChunksLaterMs(connect, stream, key, pairs, ...baseURLs) {
  const clients = baseURLs.map((baseURL) => connect(baseURL, key));
  // Connections are made, and the SDK's parts loaded, before anything counts.
  for (const client of clients) await firstChunkMs(client, stream);
  const differences = [];
  for (let pair = 0; pair < Number(pairs); pair++) {
    // Each goes first in turn.
    const waited = [];
    for (const which of pair % 2 ? [0, 1] : [1, 0]) {
      waited[which] = await firstChunkMs(clients[which], stream);
    }
    differences.push(waited[1] - waited[0]);
  }
  return differences;
}

async function firstChunkMs(client, stream) {
  const start = performance.now();
  let waited = null;
  for await (const _ of await stream(client)) {
    waited ??= performance.now() - start;
  }
  return waited;
}

async function all(items) {
  const got = [];
  for await (const item of await items) got.push(item);
  return got;
}

async function raw(promise) {
  const { data, response } = await promise.withResponse();
  const headers = [...response.headers].filter(([name]) => !HOP_BY_HOP.has(name)).sort();
  return { status: response.status, headers, object: data };
}

// Whether the SDK's own retries waited as they were told to.
async function waited(act, atLeastMs) {
  const start = performance.now();
  const object = await act();
  return { waited: performance.now() - start >= atLeastMs - EARLY_MS, object };
}

async function streamAndFailure(open, describe) {
  const chunks = [];
  const read = async () => {
    for await (const chunk of await open()) chunks.push(chunk);
  };
  return { failure: await failure(read, describe), chunks };
}

// Once a reply has begun the SDKs wait for ever: their callers abort, and the stream just ends.
async function untilImpatient(open) {
  const stream = await open();
  const timer = setTimeout(() => stream.controller.abort(), IMPATIENT_MS);
  const chunks = [];
  for await (const chunk of stream) {
    chunks.push(chunk);
    timer.refresh();
  }
  return { aborted: stream.controller.signal.aborted, chunks };
}

async function firstTwo(open) {
  const chunks = [];
  for await (const chunk of await open()) {
    chunks.push(chunk);
    if (chunks.length === 2) break;
  }
  return chunks;
}

// Hangs up on a stream that has begun, before there is a token, and says what became of it.
async function abandoned(open) {
  const stream = await open();
  const first = stream[Symbol.asyncIterator]().next();
  const done = await Promise.race([first.then(() => 1), pause(50).then(() => 0)]);
  stream.controller.abort();
  return { done, first: await first };
}

async function failure(act, describe) {
  try {
    await act();
  } catch (error) {
    return described(error, describe);
  }
  return null;
}

function described(error, describe) {
  const said = { class: error.constructor.name, message: error.message, ...describe(error) };
  if (error.cause) said.cause = { ...described(error.cause, describe), code: error.cause.code ?? null };
  return said;
}

module.exports = {
  IMPATIENT_MS,
  abandoned,
  all,
  failure,
  firstTwo,
  main,
  raw,
  streamAndFailure,
  untilImpatient,
  waited,
};
