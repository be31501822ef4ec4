/**
 * A pipeline whose every mistake shows: three hops that each keep a running count and sum a key, and tell both with every
 * input they handle, twice over: in the event they hand on and in an audit event. A lost, doubled or torn input leaves a
 * gap or a repetition in a hop's counts, a wrong sum, or one of the two tellings without the other.
 *
 * Keys change from hop to hop, so that each partition is written to by several tasks, and the topic between the first hop
 * and the second is sealed.
 */
import type { RequestRef } from "../../schemas/avro/index.ts";
import type { EventsOf, TopicDeclarations, TopicName } from "../../schemas/topics.ts";
import { pipelines } from "../../pipelines/pipelines.ts";
import { serve, type Pipeline } from "../../runtime/contract/pipeline.ts";
import { output, publish, type Audit, type Outcome, type Stage } from "../../runtime/contract/stage.ts";
import type { StateView } from "../../runtime/contract/state.ts";

export const region = "eu-central";
export const partitions = 2;

/** What goes through the pipeline: an id of its own, and a value that belongs to a key. */
export interface Item {
  readonly id: string;
  readonly key: string;
  readonly value: number;
}

/** An item as a hop tells it: with the key that the hop counts by, and count and sum of that key up to this item. */
export interface Told extends Item {
  readonly by: string;
  readonly count: number;
  readonly sum: number;
}

export const tally = "tally";

/** A hop's place in the pipeline: its input, where it hands on, and what it counts by. */
export interface Hop {
  readonly stage: string;
  readonly input: TopicName;
  readonly output: TopicName;
  readonly by: (item: Item) => string;
}

const group = ({ id }: Item): string => `group-${String(Number.parseInt(id.slice(0, 4), 16) % 7)}`;

export const hops = {
  first: {
    ...{ stage: "counting-first", input: "counting.items", output: "counting.first" },
    by: (item: Item) => item.key,
  },
  second: {
    ...{ stage: "counting-second", input: "counting.first", output: "counting.second" },
    by: group,
  },
  third: {
    ...{ stage: "counting-third", input: "counting.second", output: "counting.third" },
    by: (item: Item) => item.key,
  },
} as const satisfies Record<string, Hop>;

/** Counts the item; says what the hop tells of it. */
function count(
  item: Item,
  hop: Hop,
  state: StateView,
): { told: Told; audit: Audit; change: [number, number] } {
  const by = hop.by(item);
  const [before, total] = (state.get(tally, by) as [number, number] | undefined) ?? [0, 0];
  const told = { ...item, by, count: before + 1, sum: total + item.value };
  const details = { told: JSON.stringify(told) };
  return { told, audit: { tenant: by, action: "counted", details }, change: [told.count, told.sum] };
}

function handOn(
  item: Item,
  hop: Hop,
  state: StateView,
  emit: (told: Told) => ReturnType<typeof output>,
): Outcome {
  const { told, audit, change } = count(item, hop, state);
  return publish({
    outputs: [emit(told)],
    audit: [audit],
    changes: [{ table: tally, key: told.by, value: change }],
  });
}

const refOf = (item: Item): RequestRef => ({
  ...{ requestId: item.id, digest: "", tenant: "", broker: "", collaboration: "", deadline: 0 },
});

const itemIn = (text: string): Item => {
  const { id, key, value } = JSON.parse(text) as Item;
  return { id, key, value };
};

const first: Stage<"DatasetHead"> = {
  name: hops.first.stage,
  inputs: [{ topic: hops.first.input, types: ["DatasetHead"] }],
  outputs: [hops.first.output],
  handle({ value: { head, dataset, sequence } }, state) {
    const item = { id: head, key: dataset, value: sequence };
    return handOn(item, hops.first, state, (told) => {
      const preimage = { request: refOf(item), part: told.by, text: JSON.stringify(told) };
      return output(hops.first.output, "MatchPreimage", preimage, { key: hops.second.by(item) });
    });
  },
};

const second: Stage<"MatchPreimage"> = {
  name: hops.second.stage,
  inputs: [{ topic: hops.second.input, types: ["MatchPreimage"] }],
  outputs: [hops.second.output],
  handle({ value: { text } }, state) {
    const item = itemIn(text);
    return handOn(item, hops.second, state, (told) => {
      const receipt = { request: refOf(item), text: JSON.stringify(told) };
      return output(hops.second.output, "AnchorReceipt", receipt, { key: item.key });
    });
  },
};

const third: Stage<"AnchorReceipt"> = {
  name: hops.third.stage,
  inputs: [{ topic: hops.third.input, types: ["AnchorReceipt"] }],
  outputs: [hops.third.output],
  handle({ value: { text } }, state) {
    const item = itemIn(text);
    return handOn(item, hops.third, state, (told) => {
      const bundle = { requestId: item.id, requestDigest: "", tenant: told.by, text: JSON.stringify(told) };
      return output(hops.third.output, "EvidenceBundle", bundle, { key: item.key });
    });
  },
};

export const countingStages = [first, second, third] as readonly Stage[];

const spread = { key: "what the next hop counts by", partitions: "spread" } as const;

/** The operator puts the items in. */
const countingTopics = {
  "counting.items": { ...spread, events: ["DatasetHead"], writers: ["operator"] },
  "counting.first": { ...spread, events: ["MatchPreimage"], sealed: true },
  "counting.second": { ...spread, events: ["AnchorReceipt"] },
  "counting.third": { ...spread, events: ["EvidenceBundle"] },
} as const satisfies TopicDeclarations;

declare module "../../schemas/topics.ts" {
  interface DeclaredTopics extends EventsOf<typeof countingTopics> {}
}

export const counting: Pipeline = {
  name: "counting",
  folder: import.meta.dirname,
  stages: countingStages,
  topics: countingTopics,
  tables: [],
  asking: { requestOf: () => undefined },
  open: () =>
    Promise.resolve({
      serving: countingStages.map((stage) => serve(stage as Stage<never, null>, () => null)),
      apply: () => undefined,
      close: () => Promise.resolve(),
    }),
};

/** All topics of a region in which it counts. */
export const countingRegion = [...pipelines, counting];
