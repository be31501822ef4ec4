/**
 * Those who move records through seven hops, each a process of its own with one thread of hops.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { startProcess, type PartProcess } from "../../infra/embedded/process.ts";
import type { SideConfig } from "./side.ts";
import { startStreams, type Streams } from "./streams.ts";

export interface Side {
  /** What part of a topic's name it may be. */
  readonly id: string;
  readonly name: string;
  /** Starts it, with its files in a folder that is there. */
  readonly start: (dir: string, config: SideConfig) => Promise<PartProcess>;
}

export const ours = nodeSide("runtime", "this runtime");
export const kafkajsAlone = nodeSide("kafkajs", "kafkajs, at least once");

/** As it comes: it commits every 100 ms where it works exactly once. */
export const streamsByDefault = (streams: Streams): Side =>
  streamsSide(streams, "streams-default", "commit every 100 ms, its default", {});

/** Waiting for records for up to 100 ms, as it does by default, it would often commit later than it was told. */
export const streamsAtBest = (streams: Streams): Side =>
  streamsSide(streams, "streams-best", "commit and poll every 10 ms, its best", {
    "commit.interval.ms": "10",
    "poll.ms": "10",
  });

function nodeSide(id: string, name: string): Side {
  return {
    id,
    name,
    start(dir, config) {
      const file = join(dir, "config.json");
      writeFileSync(file, JSON.stringify(config), { mode: 0o600 });
      const entry = join(import.meta.dirname, `${id}-side.ts`);
      return startProcess({
        name,
        command: process.execPath,
        args: ["--disable-warning=TimeoutNegativeWarning", entry, file],
        cwd: dir,
        logFile: join(dir, "side.log"),
      });
    },
  };
}

function streamsSide(
  streams: Streams,
  id: string,
  how: string,
  settings: Readonly<Record<string, string>>,
): Side {
  return {
    id,
    name: `Kafka Streams, exactly_once_v2, ${how}`,
    start: (dir, { access, region }) => startStreams(streams, { dir, access, region, settings }),
  };
}

/** A folder of a side's own. */
export function sideFolder(dir: string, name: string): string {
  const folder = join(dir, name);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return folder;
}
