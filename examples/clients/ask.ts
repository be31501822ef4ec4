/**
 * A Core Broker's client in TypeScript: asks a question, and waits for its result and its evidence.
 *
 *   npx node examples/clients/ask.ts BROKER-FOLDER QUESTION.json
 *
 * from the clone, whose Node it needs. The folder is what `./pavilion broker init` and `broker admit` made.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { readConfig, readSecret } from "../../runtime/config.ts";
import { openLog } from "../../runtime/log.ts";
import { openBrokerClient } from "../../services/clients/broker/client.ts";
import { newRequest, signRequest, type Asked } from "../../services/clients/broker/request.ts";
import { openBroker } from "../../services/keystore/parties.ts";

const [folder = "", questionFile = ""] = process.argv.slice(2);
const access = readConfig("access", join(folder, "access.json"));
const key = await openBroker(join(folder, "keystore.json"), readSecret(join(folder, "passphrase")));
const question = JSON.parse(readFileSync(questionFile, "utf8")) as Asked;

const client = await openBrokerClient({
  broker: access.id,
  region: access.region,
  kafka: access.kafka,
  registryUrl: access.registryUrl,
  log: openLog({ service: "example" }, "error", "stderr"),
});
try {
  const request = newRequest(question, await client.newestSeed());
  const result = await client.ask(await signRequest(request, key.sign));
  // The first one's bundle, where the question was answered before; none where it was refused.
  const evidence = result.evidenceFor === null ? null : await client.evidence(result.evidenceFor);
  console.log(JSON.stringify({ result, hasEvidence: evidence !== null }));
  process.exitCode = result.answer === null ? 1 : 0;
} finally {
  await client.close();
}
