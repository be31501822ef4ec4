/**
 * `audit --access ACCESS.json --trust TRUST.json [--json]`: reads a region's whole log and audits it. Exit code 0 where all
 * holds, 1 where something does not.
 */
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { readConfig } from "../../../runtime/config.ts";
import { PavilionError } from "../../../runtime/errors.ts";
import { openLog } from "../../../runtime/log.ts";
import type { TrustedRegion } from "../../../schemas/json/trust.ts";
import { openAuditorClient } from "../../auditor-client/client.ts";
import { auditLog, checkpointsIn } from "../../verifier/audit.ts";
import { readTrust } from "../../verifier/trust.ts";
import { coloured } from "../colour.ts";
import { misuse } from "../misuse.ts";

export async function audit(args: string[]): Promise<number> {
  const text = { type: "string" } as const;
  const { values } = parseArgs({ args, options: { access: text, trust: text, json: { type: "boolean" } } });
  if (values.access === undefined || values.trust === undefined)
    throw misuse("An audit takes --access and --trust.");
  const access = readConfig("access", values.access);
  const region = trustedRegion(values.trust, access.region);
  const log = openLog({ service: "auditor" }, "error", "stderr");
  const { id: auditor, kafka, registryUrl } = access;
  const client = await openAuditorClient({ auditor, region: access.region, kafka, registryUrl, log });
  const [leaves, bundles] = [await client.leaves(), await client.bundles()];
  const found = auditLog(leaves, region, checkpointsIn(bundles));
  const holds = found.faults.length === 0;
  if (values.json === true) console.log(JSON.stringify({ holds, bundles: bundles.length, ...found }));
  else {
    console.log(
      `  ${String(found.leaves)} leaves in the log of ${access.region}, ${String(bundles.length)} bundles`,
    );
    for (const [kind, count] of Object.entries(found.kinds))
      console.log(`  ${kind.padEnd(6)} ${String(count)}`);
    for (const [population, { spends, epsilon }] of Object.entries(found.spent))
      console.log(`  ${population} has spent epsilon ${epsilon} in ${String(spends)} spends`);
    for (const fault of found.faults) console.log(`  ${coloured("red", "FAILED")}  ${fault}`);
    console.log(
      holds ? "The log holds: nothing is missing, and every spend adds up." : "The log does not hold.",
    );
  }
  return holds ? 0 : 1;
}

/** Throws TRUST_UNREADABLE. */
function trustedRegion(file: string, name: string): TrustedRegion {
  let regions: readonly TrustedRegion[];
  try {
    ({ regions } = readTrust(readFileSync(file, "utf8")));
  } catch (cause) {
    throw new PavilionError("TRUST_UNREADABLE", `The trust file ${file} cannot be read.`, undefined, {
      cause,
    });
  }
  const found = regions.find(({ region }) => region === name);
  if (found !== undefined) return found;
  throw new PavilionError("TRUST_UNREADABLE", `The trust file does not name the region ${name}.`);
}
