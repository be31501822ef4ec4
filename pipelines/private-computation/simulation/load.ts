/**
 * The load: two pushed datasets, five questions of which one is asked twice, one is against the policy and one is more than
 * the budget has; each published twice, among an adversary's copies. Where a run goes over a year, four more are asked after the
 * longest window has passed.
 */
import { seedsOf } from "../../../domain/log/testing/seeds.ts";
import { DAY_MS } from "../../../stages/dp/charges.ts";
import type { EventTypes } from "../../../schemas/avro/index.ts";
import type { World } from "../../../simulation/world.ts";
import { publishCopies } from "./hostile-records.ts";
import { population, pushes, signed } from "./region.ts";

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

/**
 * How a run asks: each question once the last one was answered; all at once; so that deadlines pass meanwhile; from a ledger that an
 * earlier version left, on until windows have passed; or more than the region's limits let be asked.
 */
export const manners = ["in turn", "at once", "late", "over a year", "beyond limits"] as const;
export type Manner = (typeof manners)[number];

/** Stages that no answer waits for, as they are away: some for more than a minute before anything is asked. */
const absences: readonly (readonly string[])[] = [
  ...[[], ["oprf-relay"], ["zkp"], ["anchoring"], ["evidence"]],
  ["zkp", "anchoring", "evidence"],
];

/** How a run went, as far as its invariants go by it. */
export interface Told {
  readonly manner: Manner;
  readonly asked: readonly EventTypes["SignedRequest"][];
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
    if (manner === "in turn" || manner === "over a year") {
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
  const later = manner === "over a year" ? await askLater(world) : [];
  return { manner, asked: [...questions, ...later], copies };
}

/** Once no window counts any more what was spent: two that it has room for again, one that is too much even so, and the first again. */
async function askLater(world: World): Promise<EventTypes["SignedRequest"][]> {
  const before = newestSeed(world);
  const longest = Math.max(...population.budget.windows.map(({ days }) => days));
  await world.wait((longest + 1) * DAY_MS);
  while (newestSeed(world) === before) await world.passSeconds(1);
  const now = { issuedAt: new Date(world.time.now).toISOString(), seedCommitment: newestSeed(world) };
  const later = await Promise.all([
    signed(6, { ...longDeadline, ...now, epsilon: "15/8" }),
    signed(7, { ...longDeadline, ...now, epsilon: "7/4" }),
    signed(8, { ...longDeadline, ...now, epsilon: "13/8" }),
    signed(9, { ...longDeadline, ...now }),
  ]);
  for (const request of later) {
    ask(world, request);
    await world.passSeconds(anchoringSeconds);
  }
  return later;
}

const newestSeed = (world: World): string | undefined =>
  seedsOf(...world.events<"SeedEntry">("config.seeds").map(({ value }) => value)).newest()?.commitment;
