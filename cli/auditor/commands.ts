/** What lets an auditor in, and what it does first. */
import { command, text } from "../command.ts";
import { json, region, trust } from "../options.ts";

export const auditor = [
  command({
    name: "auditor admit",
    usage: "--auditor A --out FILE [--region R] [--json]",
    does: "the operator lets an auditor read a region's log and evidence; writes its access file",
    options: {
      auditor: text("the auditor's name"),
      out: text("where the access file is written"),
      region,
      json,
    },
    act: async (given) => (await import("./admit.ts")).admitAuditor(given),
  }),
  command({
    name: "audit",
    usage: "--access ACCESS.json --trust TRUST.json [--save FILE] [--json]",
    does: "reads a region's whole log: whether a leaf is missing, and whether every spend adds up",
    options: {
      access: text("the access file that the operator gave the auditor"),
      trust,
      save: text(
        "where a copy of the log is kept: a region that lost the end of its log can be mended by it",
      ),
      json,
    },
    act: async (given) => (await import("./audit.ts")).audit(given),
  }),
];
