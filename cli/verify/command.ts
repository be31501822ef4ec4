import { command, text } from "../command.ts";
import { json, trust } from "../options.ts";

export const verify = command({
  name: "verify",
  usage: "BUNDLE.json --trust TRUST.json [--block HASH] [--json]",
  does: "checks an evidence bundle offline; exit 0 only if all holds, 1 if something fails, 2 if it cannot be read",
  options: {
    trust,
    block: text(
      "hash of the block at which you believe the chain, 0x and 64 hexadecimal digits; the trust file's unless given",
    ),
    json,
  },
  operands: { "BUNDLE.json": "the evidence bundle" },
  act: async (given, bundles) => (await import("./verify.ts")).verifyFiles(bundles, given),
});
