import { command } from "../command.ts";
import { json } from "../options.ts";

export const version = command({
  name: "version",
  usage: "[--json]",
  does: "says which version this is, and on which Node it runs; --version is the same",
  options: { json },
  act: async (given) => (await import("./version.ts")).version(given.json),
});
