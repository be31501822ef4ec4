/**
 * An auditor's client in TypeScript: reads a region's whole log, and audits it by roots of the auditor's own.
 *
 *   npx node examples/clients/audit.ts ACCESS.json TRUST.json
 *
 * from the clone, whose Node it needs. The access file is what `./pavilion auditor admit` made; the trust file is one that
 * the auditor has confirmed.
 */
import { readConfig } from "../../runtime/config.ts";
import { openLog } from "../../runtime/log.ts";
import { readJsonText } from "../../runtime/text-file.ts";
import { openAuditorClient } from "../../services/clients/auditor/client.ts";
import { LogAudit } from "../../verifier/audit.ts";
import { readTrust } from "../../verifier/trust.ts";

const [accessFile = "", trustFile = ""] = process.argv.slice(2);
const access = readConfig("access", accessFile);
const trust = readTrust(readJsonText(trustFile, "TRUST_UNREADABLE"));
const region = trust.regions.find((one) => one.region === access.region);
if (region === undefined) throw new Error(`${trustFile} names no region ${access.region}`);

const client = await openAuditorClient({
  auditor: access.id,
  region: access.region,
  kafka: access.kafka,
  registryUrl: access.registryUrl,
  log: openLog({ service: "example" }, "error", "stderr"),
});
const audit = new LogAudit(trust, region);
// A log that was cut short shows by the checkpoints that bundles carry.
await client.bundles(audit.bundles);
await client.leaves(audit);
const { leaves, found, faults, faultCount } = audit.report();
const bundles = audit.bundles.count;
console.log(JSON.stringify({ leaves, bundles, ...Object.fromEntries(found.members), faults, faultCount }));
process.exitCode = faultCount === 0 ? 0 : 1;
