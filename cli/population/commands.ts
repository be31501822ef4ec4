import { termsCommands } from "../terms/commands.ts";

export const population = termsCommands({
  name: "population",
  kind: async () => (await import("./kind.ts")).populations,
  shown: async () => (await import("./shown.ts")).populations,
  list: "lists the populations of a region for its operator, for a provider or broker those that concern it",
  show: "says in words what a published population agrees to, its versions and who signed, left or was removed",
});
