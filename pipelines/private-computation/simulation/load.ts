/**
 * The load: two pushed datasets, five questions of which one is asked twice, one is against the policy and one is more than
 * the budget has; each published twice, among an adversary's copies.
 */
import type { EventTypes } from "../../../schemas/avro/index.ts";
import type { World } from "../../../simulation/world.ts";
import { publishCopies } from "./hostile-records.ts";
import { pushes, signed } from "./region.ts";

const longDeadline = { deadlineSeconds: 3_600 };
/** What is asked, by the last digit of the request's id. */
export const questions = await Promise.all([
  signed(1, longDeadline),
  signed(2, { ...longDeadline, epsilon: "2" }),
  signed(3, { ...longDeadline, purpose: "marketing" }),
  signed(4, { ...longDeadline, epsilon: "3/2" }),
  // The first one's question again.
  signed(5, longDeadline),
]);

/** So many seconds that everything logged before them is anchored, and told. */
const anchoringSeconds = 6;
/** Longer than a stage may be unseen, and shorter than what is asked may be old. */
const absenceMs = 90_000;

/** The region with both datasets pushed, its first seed anchored. */
export async function openRegion(world: World): Promise<void> {
  world.tick();
  for (const { id, dataset, batches } of pushes) {
    for (const batch of batches) {
      world.publish("ingest.<provider>", "RecordBatch", batch, { key: dataset, owner: id });
    }
  }
  await world.settle();
  await world.passSeconds(anchoringSeconds);
  // Whoever asks waits for the region's seed, however long the chain is away.
  while (!world.events<"SeedEntry">("config.seeds").some(({ value }) => value.open)) {
    await world.passSeconds(1);
  }
}

/** The broker publishes each one twice: a repeated request is one request. */
export function ask(world: World, request: EventTypes["SignedRequest"]): void {
  for (let copies = 0; copies < 2; copies++) {
    world.publish("broker.requests", "SignedRequest", request, { key: request.requestId });
  }
}

/** How a run asks: each question once the last one was answered; all at once; or so that deadlines pass meanwhile. */
export const manners = ["in turn", "at once", "late"] as const;
export type Manner = (typeof manners)[number];

/** Stages that no answer waits for, as they are away: some for more than a minute before anything is asked. */
const absences: readonly (readonly string[])[] = [
  ...[[], ["oprf-relay"], ["zkp"], ["anchoring"], ["evidence"]],
  ["zkp", "anchoring", "evidence"],
];

/** How a run went, as far as its invariants go by it. */
export interface Told {
  readonly manner: Manner;
  /** How many records an adversary published. */
  readonly copies: number;
}

/** Everything from the first push to the last anchor. */
export async function play(world: World, manner: Manner, hostile: boolean): Promise<Told> {
  await openRegion(world);
  const away = hostile ? (world.choice.pick(absences) ?? []) : [];
  if (away.length > 0) {
    await world.wait(absenceMs);
    await world.passSeconds(1, away);
  }
  let copies = 0;
  for (const request of questions) {
    world.tick(away);
    if (hostile) copies += await publishCopies(world, request);
    ask(world, request);
    if (hostile) copies += await publishCopies(world, request);
    // The next one need not wait for this one's anchor then.
    if (manner === "in turn") {
      await world.settle(away);
      await world.passSeconds(anchoringSeconds, away);
    } else await world.go(world.choice.below(80), away);
  }
  if (manner === "late") await world.wait(1_000 * (longDeadline.deadlineSeconds + 10));
  await world.settle();
  world.becomeCalm();
  if (hostile) for (const request of questions) copies += await publishCopies(world, request);
  // Asked at once, one waits for the anchor of the one before it: each is more than may be exposed of the budget.
  await world.passSeconds(questions.length * anchoringSeconds);
  return { manner, copies };
}
