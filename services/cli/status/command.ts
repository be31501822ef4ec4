/**
 * `status [--config CONNECTOR.json] [--region R] [--watch] [--json]`: how the stages of a running connector stand: the one
 * that a configuration is of, or a region's of the running stack.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { readConfig } from "../../../runtime/config.ts";
import { PavilionError } from "../../../runtime/errors.ts";
import { connectorConfigOf } from "../stack/running.ts";
import { overviewLines, overviewOf } from "./overview.ts";
import { fetchSamples } from "./samples.ts";

const firstPauseMs = 1_000;
const watchPauseMs = 2_000;
const clearScreen = "\u001b[H\u001b[2J";

/** With `watch` it goes on until it is interrupted. */
export async function status(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      config: { type: "string" },
      region: { type: "string" },
      watch: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
    },
  });
  const { host, port } = endpointOf(values.config ?? connectorConfigOf(values.region));
  let earlier = await fetchSamples(host, port);
  let taken = performance.now();
  do {
    await sleep(values.watch ? watchPauseMs : firstPauseMs);
    const now = await fetchSamples(host, port);
    const at = performance.now();
    const overview = overviewOf(earlier, now, (at - taken) / 1000);
    if (values.json) console.log(JSON.stringify(overview));
    else {
      if (values.watch && process.stdout.isTTY) process.stdout.write(clearScreen);
      console.log(overviewLines(overview).join("\n"));
    }
    [earlier, taken] = [now, at];
  } while (values.watch);
  return 0;
}

function endpointOf(file: string): { host: string; port: number } {
  const { metrics } = readConfig("connector-config", file);
  if (metrics === undefined) {
    throw new PavilionError("METRICS_UNAVAILABLE", "The configuration names no metrics port.");
  }
  // What listens on every address is asked on this machine's own.
  const isAny = metrics.host === "0.0.0.0" || metrics.host === "::";
  return { host: metrics.host === undefined || isAny ? "127.0.0.1" : metrics.host, port: metrics.port };
}
