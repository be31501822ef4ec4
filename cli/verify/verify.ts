/**
 * `verify`: the verifier's command, with its verdicts in colours.
 */
import type { Status } from "../../verifier/checklist.ts";
import { verifyCommand } from "./command.ts";
import { coloured, type Colour } from "../colour.ts";

const colours: Readonly<Record<Status, Colour>> = {
  proven: "green",
  attested: "yellow",
  development: "yellow",
  failed: "red",
};

export const verify = (args: string[]): Promise<number> =>
  verifyCommand(args, (status, word) => coloured(colours[status], word));
