/** What lets a region that was put back from a backup answer again. */
import { command, flag, text, texts } from "../command.ts";
import { json, region } from "../options.ts";

export const recover = [
  command({
    name: "recover",
    usage:
      "[--checkpoint FILE] [--leaves FILE] [--nothing-newer] [--close --reason TEXT] [--region R] [--json]",
    does: "compares a region that was put back from a backup with what others hold of its log; it answers again once nothing is missing",
    options: {
      checkpoint: texts(
        "a checkpoint of the region's log that somebody holds, or an evidence bundle, which has one in it; may be given several times",
      ),
      leaves: texts(
        "an auditor's copy of the region's log, as audit --save writes it; may be given several times",
      ),
      "nothing-newer": flag(
        "says that nobody whom you asked holds a checkpoint, so that the chain's alone counts",
      ),
      close: flag(
        "gives the region up for good, where leaves that others had are lost: it answers nothing any more",
      ),
      reason: text("why it is closed; it stays on record"),
      region,
      json,
    },
    act: async (given) => (await import("./recover.ts")).recover(given),
  }),
];
