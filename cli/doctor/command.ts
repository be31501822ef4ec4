import { command } from "../command.ts";
import { json } from "../options.ts";

export const doctor = command({
  name: "doctor",
  usage: "[--json]",
  does: "says what is missing on this machine, and the command that fixes it",
  options: { json },
  act: async (given) => (await import("./doctor.ts")).doctor(given.json),
});
