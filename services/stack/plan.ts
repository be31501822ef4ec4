/**
 * The stack that `./pavilion up` keeps running: two regions on one broker, and no party until one is admitted.
 */
import type { Log } from "../../runtime/log.ts";
import { existingParts, existingPartsOf } from "./existing-parts.ts";
import type { StackPlan } from "./stack.ts";

const partitions = 2;

export function keptStack(dir: string, log: Log): StackPlan {
  const existing = existingPartsOf(dir);
  return {
    ...(existing === undefined ? {} : { parts: existingParts(existing) }),
    connectorsElsewhere: existing?.connectors === "elsewhere",
    dir,
    regions: [
      { name: "eu-central", jurisdiction: "EU", partitions },
      { name: "us-east", jurisdiction: "US", partitions },
    ],
    providers: [],
    brokers: [],
    log,
  };
}
