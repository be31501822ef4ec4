/**
 * Noise seeds: made in the HSM, committed to in a leaf of the log, opened for requests once that leaf is anchored,
 * closed when a newer one has been open for a while, and destroyed a week after that, unless a leaf that names them
 * still waits for its request to be complete and anchored.
 */
import { seedCommitmentOf, seedFrom } from "../../crypto/groth16/seed.ts";
import { saltOf, type BlindingSource } from "../../domain/log/blinding.ts";
import { leafText } from "../../domain/log/leaves.ts";
import { PavilionError } from "../../errors/errors.ts";
import { Table, type Change, type StateView } from "../../runtime/contract/state.ts";
import type { LogLeaf, SeedEntry } from "../../schemas/avro/index.ts";
import { anchorCount } from "./anchors.ts";
import { isAwaited, mayBeAwaited } from "./leaves.ts";
import { sizeOf } from "./log.ts";

/** From a seed's closing to its destruction: longer than any request's deadline, and an outage of what proves. */
const KEEP_CLOSED_MS = 7 * 24 * 3_600_000;
/** After so long no leaf is kept any more that names a closed seed: only one whose last leaf waits for the chain. */
const LONG_CLOSED_MS = 2 * KEEP_CLOSED_MS + 24 * 3_600_000;
/** After so many anchors a seed is followed by another whatever its age: evidence shows every anchor from the seed's on. */
const ANCHORS_MAX = 250;

export interface SeedPorts {
  readonly region: string;
  /** After so long, in milliseconds, a new seed is made; the last one stays open as long again. */
  readonly seedPeriodMs: number;
  /** Makes the seed's key in the HSM, unless it is there. */
  readonly createSeed: (id: number) => Promise<void>;
  /** The seed of a number, 64 bytes; secret. */
  readonly seed: (id: number) => Promise<Uint8Array>;
  /** Destroys the seed's key; nothing where it is gone. */
  readonly destroySeed: (id: number) => Promise<void>;
  readonly blinding: BlindingSource;
}

/** A seed's life: made, then open from when it is anchored, then closed; what is destroyed is forgotten. */
export interface Seed {
  readonly id: number;
  readonly commitment: string;
  /** Place of its leaf in the log, and the leaf. */
  readonly index: number;
  readonly text: string;
  readonly madeAt: number;
  readonly state: "made" | "open" | "closed";
  /** Number of the anchor that holds it, and the event's time, once it is open. */
  readonly anchor: number | null;
  readonly openedAt: number | null;
  readonly closedAt: number | null;
  /** True where the leaves that name it are counted; an earlier version did not. */
  readonly counted?: true;
}

/** By their numbers, which rank them. */
export const SEEDS = new Table<Seed>("seeds", ({ id }) => id);
/** Where numbering goes on after a restoring. */
const NUMBERS = "seed-numbers";
/** More than can stand between one's making and its destruction, were one made every minute. */
const SEEDS_MAX = 100_000;

export const seedsIn = (state: StateView): Seed[] =>
  SEEDS.ranked(state, { limit: SEEDS_MAX }).map(({ value }) => value);

export const seedWith = (commitment: string, state: StateView): Seed | undefined =>
  seedsIn(state).find((seed) => seed.commitment === commitment);

export const noteSeed = (seed: Seed): Change => SEEDS.put(String(seed.id), seed);

/** What askers and routing are told of it. */
export const entryOf = ({ id, commitment, state }: Seed): SeedEntry => ({
  id,
  commitment,
  open: state === "open",
});

/** A new seed and its leaf, where the newest has served its time or there is none. */
export async function makeSeed(
  state: StateView,
  time: number,
  ports: SeedPorts,
): Promise<{ seed: Seed; leaf: LogLeaf } | undefined> {
  const newest = seedsIn(state).at(-1);
  if (newest !== undefined && !isWorn(newest, state, time, ports.seedPeriodMs)) return undefined;
  const id = Math.max((newest?.id ?? 0) + 1, numbersFrom(state));
  const commitment = seedCommitmentOf(seedFrom(await freshSeed(id, ports)))
    .toString(16)
    .padStart(64, "0");
  const salt = await saltOf(ports.blinding, "pavilion/seed-salt/v1", ports.region, id);
  const text = leafText({
    type: "pavilion/seed-leaf",
    region: ports.region,
    seed: id,
    commitment,
    salt,
  });
  const seed: Seed = {
    id,
    commitment,
    index: sizeOf(state),
    text,
    madeAt: time,
    state: "made",
    anchor: null,
    ...unopened,
    counted: true,
  };
  return { seed, leaf: { kind: "seed", request: null, text, completes: false } };
}

/** A key that is there and unfit, or there twice, has served nobody yet: it goes, and the next tick makes another. */
async function freshSeed(id: number, ports: SeedPorts): Promise<Uint8Array> {
  try {
    await ports.createSeed(id);
    return await ports.seed(id);
  } catch (error) {
    if (error instanceof PavilionError && error.code === "HSM_KEY_MISSING") await ports.destroySeed(id);
    throw error;
  }
}

const unopened = { openedAt: null, closedAt: null };

/** Whether a seed is closed, or has served its period, or enough anchors; one that is not open yet is waited for. */
function isWorn(
  { madeAt, anchor, closedAt }: Seed,
  state: StateView,
  time: number,
  periodMs: number,
): boolean {
  if (closedAt !== null) return true;
  if (anchor === null) return false;
  return time - madeAt >= periodMs || anchorCount(state) - anchor > ANCHORS_MAX;
}

/** Seeds that open now that their leaves lie below an anchored size. `anchor` is the anchor's number. */
export const openSeeds = (size: number, anchor: number, state: StateView, time: number): Seed[] =>
  seedsIn(state)
    .filter((seed) => seed.state === "made" && seed.index < size)
    .map((seed) => ({ ...seed, state: "open", anchor, openedAt: time }));

/** Seeds whose anchor fell off the chain are as before it: closed to requests until they are anchored anew. */
export const fallenSeeds = (standing: number, state: StateView): Seed[] =>
  seedsIn(state)
    .filter((seed) => seed.state === "open" && (seed.anchor ?? 0) >= standing)
    .map((seed) => ({ ...seed, state: "made", anchor: null, openedAt: null }));

/** Open seeds beside a newer one that has been open for a period, or for enough anchors. */
export function closeSeeds(state: StateView, time: number, { seedPeriodMs }: SeedPorts): Seed[] {
  const open = seedsIn(state).filter((seed) => seed.state === "open");
  const newest = open.at(-1);
  if (newest === undefined) return [];
  const isSettled =
    time - (newest.openedAt ?? time) >= seedPeriodMs ||
    anchorCount(state) - (newest.anchor ?? 0) > ANCHORS_MAX / 2;
  return isSettled ? open.slice(0, -1).map((seed) => closed(seed, time)) : [];
}

/** Every open seed, closed: for a log that cannot be anchored any more. */
export const closeAll = (state: StateView, time: number): Seed[] =>
  seedsIn(state)
    .filter((seed) => seed.state === "open")
    .map((seed) => closed(seed, time));

/** Every seed that may still be used, or open one day, closed: what a restored region drew from them it does not know. */
export const closeEvery = (state: StateView, time: number): Seed[] =>
  seedsIn(state)
    .filter((seed) => seed.state !== "closed")
    .map((seed) => closed(seed, time));

/** Below this no number is given any more. */
const numbersFrom = (state: StateView): number => (state.get(NUMBERS, NUMBERS) as number | undefined) ?? 0;

/** The number of the seed that a leaf of the log commits to, if it is a seed's. */
export function seedIn({ kind, text }: { readonly kind: string; readonly text: string }): number | undefined {
  if (kind !== "seed") return undefined;
  const { seed } = JSON.parse(text) as { readonly seed?: unknown };
  return typeof seed === "number" && Number.isSafeInteger(seed) ? seed : undefined;
}

/** Leaves out the next number after the newest seed, and after a given one: a seed of it may have been made and lost. */
export function numberFrom(seed: number | undefined, state: StateView): Change[] {
  const newest = Math.max(seed ?? 0, seedsIn(state).at(-1)?.id ?? 0);
  return newest + 2 <= numbersFrom(state) ? [] : [{ table: NUMBERS, key: NUMBERS, value: newest + 2 }];
}

const closed = (seed: Seed, time: number): Seed => ({ ...seed, state: "closed", closedAt: time });

/** Destroys what has been closed for long enough and nothing waits for, and forgets it. */
export async function destroySeeds(state: StateView, time: number, ports: SeedPorts): Promise<Seed[]> {
  const old = seedsIn(state).filter(({ closedAt }) => closedAt !== null && time - closedAt >= KEEP_CLOSED_MS);
  if (old.length === 0) return [];
  const over = old.filter(
    ({ commitment, closedAt, counted }) =>
      !(counted === true
        ? isAwaited(commitment, state)
        : mayBeAwaited(commitment, { isLongClosed: time - (closedAt ?? time) >= LONG_CLOSED_MS }, state)),
  );
  for (const { id } of over) await ports.destroySeed(id);
  return over;
}

/** The number of the first anchor that a receipt with a seed may still begin with. */
export const oldestAnchor = (state: StateView): number =>
  seedsIn(state).reduce((oldest, { anchor }) => Math.min(oldest, anchor ?? oldest), Infinity);

/** Place of the first leaf of a seed that is not destroyed; Infinity where there is none. */
export const oldestSeed = (state: StateView): number =>
  SEEDS.ranked(state, { limit: 1 })[0]?.value.index ?? Infinity;

export const forgetSeed = ({ id }: Seed): Change => SEEDS.remove(String(id));
