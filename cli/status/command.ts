import { command, flag, text } from "../command.ts";
import { config } from "../options.ts";

export const status = command({
  name: "status",
  usage: "[--config CONNECTOR.json] [--region R] [--watch] [--json]",
  does: "shows how the stages of a running connector stand",
  options: {
    config,
    region: text("the running stack's region; its first one unless given"),
    watch: flag("shows it every two seconds until Ctrl-C"),
    json: flag("prints each overview as one line of JSON"),
  },
  act: async (given) => (await import("./status.ts")).status(given),
});
