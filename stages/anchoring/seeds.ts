/**
 * Noise seeds: made in the HSM, committed to in a leaf of the log, opened for requests once that leaf is anchored,
 * closed when a newer one has been open for a while, and destroyed a day after that, when no proof needs them any more.
 */
import { seedCommitmentOf, seedFrom } from "../../crypto/groth16/seed.ts";
import { canonicalBytes } from "../../crypto/jws/canonical.ts";
import type { BlindingSource } from "../../documents/blinding.ts";
import { leafText } from "../../documents/leaves.ts";
import type { Change, StateView } from "../../runtime/stage.ts";
import type { LogLeaf, SeedEntry } from "../../schemas/avro/index.ts";
import { sizeOf } from "./log.ts";

const SEEDS = "seeds";
/** From a seed's closing to its destruction: longer than any request's deadline and the proofs after it. */
const KEEP_CLOSED_MS = 24 * 3_600_000;

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
  /** Number of the anchor that holds it, once it is open. */
  readonly anchor: number | null;
}

const seedsIn = (state: StateView): Seed[] =>
  [...state.entries(SEEDS)].map(([, value]) => value as Seed).sort((a, b) => a.id - b.id);

export const seedWith = (commitment: string, state: StateView): Seed | undefined =>
  seedsIn(state).find((seed) => seed.commitment === commitment);

export const noteSeed = (seed: Seed): Change => ({ table: SEEDS, key: String(seed.id), value: seed });

/** What askers and routing are told of it. */
export const entryOf = ({ id, commitment, state }: Seed): SeedEntry => ({
  id,
  commitment,
  open: state === "open",
});

/** A new seed and its leaf, where the newest has served its period or there is none. */
export async function makeSeed(
  state: StateView,
  time: number,
  ports: SeedPorts,
): Promise<{ seed: Seed; leaf: LogLeaf } | undefined> {
  const newest = seedsIn(state).at(-1);
  if (newest !== undefined && time - newest.madeAt < ports.seedPeriodMs) return undefined;
  const id = (newest?.id ?? 0) + 1;
  await ports.createSeed(id);
  const commitment = seedCommitmentOf(seedFrom(await ports.seed(id)))
    .toString(16)
    .padStart(64, "0");
  const salt = await ports.blinding(canonicalBytes(["pavilion/seed-salt/v1", ports.region, id]));
  const text = leafText({
    type: "pavilion/seed-leaf",
    region: ports.region,
    seed: id,
    commitment,
    salt: Buffer.from(salt).toString("hex"),
  });
  const seed: Seed = {
    id,
    commitment,
    index: sizeOf(state),
    text,
    madeAt: time,
    state: "made",
    anchor: null,
  };
  return { seed, leaf: { kind: "seed", request: null, text } };
}

/** Seeds that open now that their leaves lie below an anchored size. `anchor` is the anchor's number. */
export const openSeeds = (size: number, anchor: number, state: StateView): Seed[] =>
  seedsIn(state)
    .filter((seed) => seed.state === "made" && seed.index < size)
    .map((seed) => ({ ...seed, state: "open", anchor }));

/** Open seeds that have served two periods while a newer one is open. */
export function closeSeeds(state: StateView, time: number, { seedPeriodMs }: SeedPorts): Seed[] {
  const open = seedsIn(state).filter((seed) => seed.state === "open");
  return open
    .slice(0, -1)
    .filter(({ madeAt }) => time - madeAt >= 2 * seedPeriodMs)
    .map((seed) => ({ ...seed, state: "closed" }));
}

/** Destroys what has been closed for long enough, and forgets it. */
export async function destroySeeds(state: StateView, time: number, ports: SeedPorts): Promise<Seed[]> {
  const over = seedsIn(state).filter(
    (seed) => seed.state === "closed" && time - seed.madeAt >= 2 * ports.seedPeriodMs + KEEP_CLOSED_MS,
  );
  for (const { id } of over) await ports.destroySeed(id);
  return over;
}

export const forgetSeed = ({ id }: Seed): Change => ({ table: SEEDS, key: String(id), value: undefined });
