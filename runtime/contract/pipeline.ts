/**
 * A pipeline as a value: all that a host, the simulation, the access lists, the status and the reference need to know of it.
 * Whoever holds the list of pipelines knows none of them by name.
 */
import { reservedNames, Topics, type TopicDeclarations, type TopicName } from "../../schemas/topics.ts";
import type { HsmUse } from "../hsm/declared.ts";
import { distinctKeys, type KeyDeclaration } from "../hsm/keys.ts";
import { sealingKey } from "../hsm/sealing-keys.ts";
import type { Host } from "../host.ts";
import type { TableEntry } from "../kafka/tables.ts";
import type { Asking } from "./asking.ts";
import type { ServedRoute } from "./route.ts";
import type { Schema } from "./schema.ts";
import type { Stage } from "./stage.ts";

/** Any stage, as far as its declarations go: to run it takes its ports, which it is served with. */
export type AnyStage = Stage<never, never>;

/** What it declares of the HSM is what it gets; the chain takes the key that it anchors with. */
export interface Pipeline extends HsmUse {
  readonly name: string;
  /** The path of its folder, where it brings what no deployment has: `simulation/scenario.ts`. */
  readonly folder: string;
  /** In the order in which a request meets them. */
  readonly stages: readonly AnyStage[];
  /** Those that it brings. Its stages may read and write others' too. */
  readonly topics: TopicDeclarations;
  /** Compacted topics that each host holds whole. */
  readonly tables: readonly TopicName[];
  readonly asking: Asking;
  /** Schema of its section of a connector's configuration, under its name in `pipelines`; it has none where absent. */
  readonly section?: Schema;
  /** Opens what its stages need of the outside. Throws a coded error where a part is not fit for it. */
  readonly open: (host: Host) => Promise<OpenPipeline>;
}

export interface OpenPipeline {
  /** Every stage with its own ports. */
  readonly serving: readonly Serving[];
  /** The HTTP routes that it serves, each with its own ports. */
  readonly routes?: readonly ServedRoute[];
  /** Takes in one entry of a table of its own. Throws a coded error for one that does not hold: it is logged and left out. */
  readonly apply: (entry: TableEntry) => void;
  close(): Promise<void>;
}

/** A stage and, for each partition, the ports that it gets: its own and no others. */
export interface Serving {
  readonly stage: AnyStage;
  readonly ports: (partition: number) => never;
}

/** Binds a stage to its ports, so that what it does not declare does not compile. */
export function serve<P>(stage: Stage<never, P>, ports: (partition: number) => NoInfer<P>): Serving {
  return { stage, ports: ports as (partition: number) => never };
}

/** The stage served with other ports than it was; any other stage as it is. For tests that put a defect in. */
export const changedPorts =
  <P>(stage: Stage<never, P>, change: (ports: P) => P) =>
  (serving: Serving): Serving =>
    serving.stage === stage ? serve(stage, (partition) => change(serving.ports(partition) as P)) : serving;

/** All stages of the pipelines. Throws where two bear one name: it names changelogs, dead letters and transactional ids. */
export function stagesOf(pipelines: readonly Pipeline[]): readonly AnyStage[] {
  const stages = pipelines.flatMap((pipeline) => pipeline.stages);
  const names = new Set<string>();
  for (const { name } of stages) {
    if (names.has(name)) throw new Error(`two stages are called ${name}`);
    names.add(name);
  }
  return stages;
}

/** All topics of the pipelines. Throws where two declare one name, or one declares what is a stage's own. */
export function topicsOf(pipelines: readonly Pipeline[]): Topics {
  const topics = new Topics(...pipelines.map((pipeline) => pipeline.topics));
  const declared = new Set<string>(topics.names);
  for (const { name } of stagesOf(pipelines)) {
    for (const own of reservedNames.map((kind) => `${name}.${kind}`)) {
      if (declared.has(own)) throw new Error(`the topic ${own} is the stage's own, and is declared besides`);
    }
  }
  return topics;
}

/** All keys that a region's token holds for its hosts and the pipelines. Throws where two want one label for different uses. */
export const keysOf = (pipelines: readonly Pipeline[]): readonly KeyDeclaration[] =>
  distinctKeys([sealingKey, ...pipelines.flatMap(({ keys = [] }) => keys)]);

/** All tables of the pipelines, each once. */
export const tablesOf = (pipelines: readonly Pipeline[]): readonly TopicName[] => [
  ...new Set(pipelines.flatMap(({ tables }) => tables)),
];
