import { termsCommands } from "../terms/commands.ts";

export const collaboration = termsCommands({
  name: "collaboration",
  kind: async () => (await import("./kind.ts")).collaborations,
  shown: async () => (await import("./shown.ts")).collaborations,
  list: "lists what is published: all of a region for its operator, for a provider or broker what names it",
  show: "says in words what a published collaboration lets be asked, its versions and who signed",
});
