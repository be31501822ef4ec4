/**
 * `audit --access ACCESS.json --trust TRUST.json [--save FILE] [--json]`: reads a region's whole log and audits it, and keeps a copy of
 * it where that is wanted. Exit code 0 where all holds, 1 where something does not.
 */
import { readConfig } from "../../runtime/config.ts";
import { PavilionError } from "../../errors/errors.ts";
import { openLog } from "../../runtime/log.ts";
import { readJsonText } from "../../runtime/text-file.ts";
import type { Trust, TrustedRegion } from "../../schemas/json/trust.ts";
import { openAuditorClient } from "../../services/clients/auditor/client.ts";
import { LogAudit, type AuditReport } from "../../verifier/audit.ts";
import { readTrust } from "../../verifier/trust.ts";
import { coloured } from "../colour.ts";
import { copying } from "./log-copy.ts";
import { misuse } from "../../errors/misuse.ts";

interface Given {
  readonly access: string | undefined;
  readonly trust: string | undefined;
  readonly save: string | undefined;
  readonly json: boolean;
}

export async function audit(given: Given): Promise<number> {
  if (given.access === undefined || given.trust === undefined) throw misuse("Give --access and --trust.");
  const access = readConfig("access", given.access);
  const roots = trustedRoots(given.trust, access.region);
  const log = openLog({ service: "auditor" }, "error", "stderr");
  const { id: auditor, region, kafka, registryUrl } = access;
  const client = await openAuditorClient({ auditor, region, kafka, registryUrl, log });
  const logAudit = new LogAudit(...roots);
  // The bundles first: what is logged meanwhile is then missing from neither.
  await client.bundles(logAudit.bundles);
  if (given.save === undefined) await client.leaves(logAudit);
  else await copying(given.save, logAudit, (taker) => client.leaves(taker));
  const report = logAudit.report();
  const { count: bundles } = logAudit.bundles;
  const lines = given.json
    ? [JSON.stringify(reportObject(report, bundles))]
    : reportLines(report, region, bundles);
  for (const line of lines) console.log(line);
  return report.faultCount === 0 ? 0 : 1;
}

function reportLines(
  { leaves, kinds, found, faults, faultCount }: AuditReport,
  region: string,
  bundles: number,
) {
  const more = faultCount - faults.length;
  return [
    `  ${String(leaves)} leaves in the log of ${region}, ${String(bundles)} bundles`,
    ...Array.from(kinds, ([kind, count]) => `  ${kind.padEnd(6)} ${String(count)}`),
    ...found.lines.map((line) => `  ${line}`),
    ...faults.map(({ name, text }) => `  ${coloured("red", "FAILED")}  ${name.padEnd(15)}  ${text}`),
    ...(more > 0 ? [`  and ${String(more)} more`] : []),
    faultCount === 0
      ? "The log holds: nothing is missing, and every spend adds up."
      : "The log does not hold.",
  ];
}

/** What `--json` prints. */
const reportObject = (
  { leaves, kinds, found, faults, faultCount }: AuditReport,
  bundles: number,
): object => ({
  ...{ holds: faultCount === 0, bundles, leaves },
  ...{ kinds: Object.fromEntries(kinds), ...Object.fromEntries(found.members), faults, faultCount },
});

/** Throws TRUST_UNREADABLE. */
function trustedRoots(file: string, name: string): [Trust, TrustedRegion] {
  const text = readJsonText(file, "TRUST_UNREADABLE");
  let trust: Trust;
  try {
    trust = readTrust(text);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : "it cannot be read.";
    throw new PavilionError("TRUST_UNREADABLE", `The trust file ${file} cannot be used: ${why}`, undefined, {
      cause,
    });
  }
  const found = trust.regions.find(({ region }) => region === name);
  if (found !== undefined) return [trust, found];
  throw new PavilionError("TRUST_UNREADABLE", `The trust file does not name the region ${name}.`);
}
