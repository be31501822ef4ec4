import { command, text } from "../command.ts";
import { json } from "../options.ts";

export const request = command({
  name: "request",
  usage: "FILE.json … [--bundle FILE] [--timeout SECONDS] [--json]",
  does: "signs and publishes questions, waits for their answers, and with --bundle for the evidence of one",
  options: {
    bundle: text("where the evidence bundle is written, once there is one; for one question"),
    timeout: text(
      "how long to wait for the evidence, in seconds; 300 unless given, or twice what the region says it takes",
    ),
    json,
  },
  operands: { "FILE.json": "a question; several, of one broker, are asked at once" },
  act: async (given, files) => (await import("./request.ts")).request(files, given),
});
