import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createRequire } from "node:module";
import { join } from "node:path";
import { promisify } from "node:util";
import { test } from "node:test";

const queueFile = createRequire(import.meta.url).resolve("kafkajs/src/network/requestQueue/index.js");

/** What a connection of kafkajs's does once an answer has come and nothing else is under way, told as JSON. */
const program = (imported: string): string => `
  ${imported}
  import RequestQueue from ${JSON.stringify(queueFile)};
  const logger = { debug() {} };
  const queue = new RequestQueue({ maxInFlightRequests: 1, requestTimeout: 1000, clientId: "c", broker: "b", logger });
  queue.checkPendingRequests();
  const whenIdle = queue.throttleCheckTimeoutId !== null;
  let sent = 0;
  const sendRequest = () => { sent += 1; };
  queue.maybeThrottle(40);
  const entry = { correlationId: 1, apiKey: 1, apiName: "a", resolve() {} };
  queue.push({ entry, expectResponse: false, sendRequest });
  const atOnce = sent;
  setTimeout(() => {
    console.log(JSON.stringify({ whenIdle, atOnce, sent }));
    process.exit();
  }, 300);`;

async function told(imported: string): Promise<{ told: object; warning: string }> {
  const args = ["--input-type=module", "--eval", program(imported)];
  const { stdout, stderr } = await promisify(execFile)(process.execPath, args);
  return { told: JSON.parse(stdout) as object, warning: stderr };
}

test("a connection on which nothing waits sets no timer, warns of nothing, and one that is throttled sends in time", async () => {
  const own = join(import.meta.dirname, "idle-connections.ts");
  const { told: kept, warning } = await told(`import ${JSON.stringify(own)};`);
  assert.deepEqual([kept, warning], [{ whenIdle: false, atOnce: 0, sent: 1 }, ""]);
  // What this is for: kafkajs alone.
  assert.match((await told("")).warning, /TimeoutNegativeWarning/);
});
