/**
 * What a Node process of seven hops is told: in a file for its owner alone, since it holds a password.
 */
import { readFileSync } from "node:fs";
import type { KafkaAccess } from "../../runtime/kafka/client.ts";

export interface SideConfig {
  readonly access: KafkaAccess;
  readonly registryUrl: string;
  /** The prefix of its topics, groups and transactional ids. */
  readonly region: string;
  readonly partitions: number;
}

/** The configuration that the command line names. Ends the process in order on SIGTERM, so that a profile is written. */
export function ownConfig(): SideConfig {
  const [file] = process.argv.slice(2);
  if (file === undefined) throw new Error("usage: SIDE.ts CONFIG.json");
  process.once("SIGTERM", () => process.exit(0));
  return JSON.parse(readFileSync(file, "utf8")) as SideConfig;
}
