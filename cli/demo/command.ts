import { command, flag } from "../command.ts";

export const demo = command({
  name: "demo",
  usage: "[--json]",
  does: "answers a question over two providers' files end to end",
  options: {
    json: flag("prints the outcome as one line of JSON, and what a person follows on standard error"),
  },
  act: async ({ json }) => (await import("./demo.ts")).demo(json),
});
