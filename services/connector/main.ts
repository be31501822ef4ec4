/**
 * `main.ts --config FILE [--stages a,b,…]`: a region's connector until SIGTERM. Logs to standard output; a line
 * `connector is up` says that every stage has joined.
 */
import { parseArgs } from "node:util";
import { readConfig } from "../../runtime/config.ts";
import { endingBySignal } from "../../runtime/ending.ts";
import { PavilionError } from "../../errors/errors.ts";
import { openLog } from "../../runtime/log.ts";
import { pipelines } from "../../pipelines/pipelines.ts";
import { startConnector } from "./connector.ts";

const { values } = parseArgs({ options: { config: { type: "string" }, stages: { type: "string" } } });
const bootLog = openLog({ service: "connector" });

try {
  if (values.config === undefined) {
    throw new PavilionError("CONFIG_INVALID", "No configuration was named.", "Give --config FILE.");
  }
  const config = readConfig("connector-config", values.config);
  const log = openLog({ service: "connector", region: config.region }, config.logLevel);
  const stages = (values.stages ?? "").split(",").filter((name) => name !== "");
  const connector = await startConnector(config, { pipelines, stages }, log, (error) => {
    // Half a connector would hold requests without a word; another process takes over, or whoever restarts this one.
    log.fatal({ error }, "connector cannot go on");
    process.exit(1);
  });
  endingBySignal().addEventListener("abort", () => {
    void connector.stop().then(
      () => process.exit(0),
      (error: unknown) => {
        log.error({ error }, "connector did not stop cleanly");
        process.exit(1);
      },
    );
  });
} catch (error) {
  bootLog.fatal({ error }, "connector could not start");
  process.exit(1);
}
