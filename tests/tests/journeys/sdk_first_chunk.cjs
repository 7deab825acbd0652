// How long the official SDK for Node waits for the first chunk of a stream, directly and through
// Foreshadow.
//
// Prints the difference of each pair of streams, in milliseconds. One follows the other, so that
// what else the machine does meets both alike.

"use strict";

const OpenAI = require("openai");

async function main(apiKey, pairs, ...baseURLs) {
  const clients = baseURLs.map(
    (baseURL) => new OpenAI({ baseURL, apiKey, maxRetries: 0, timeout: 30_000 }),
  );
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
  console.log(JSON.stringify(differences));
}

async function firstChunkMs(client) {
  const start = performance.now();
  let waited = null;
  const messages = [{ role: "user", content: "text" }];
  const call = { model: "paced", messages, stream: true };
  for await (const _ of await client.chat.completions.create(call)) {
    waited ??= performance.now() - start;
  }
  return waited;
}

main(...process.argv.slice(3));
