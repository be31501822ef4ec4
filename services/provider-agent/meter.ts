/**
 * The sender's meter of a collaboration's epoch: how many evaluations each receiver has had, and in which order. It is
 * what keeps a receiver from enumerating identifiers, with or without the connector's help.
 *
 * The pure part: where it is kept, and how all agents of a provider come to see one, is meter-topic.ts's.
 */
import { PavilionError } from "../../errors/errors.ts";
import type { ProviderStateDocument } from "../../schemas/json/provider-state.ts";

/**
 * How often a receiver may have its whole dataset evaluated in an epoch. One evaluation a record is not enough: a push
 * that is broken off before its records were sealed asks again with fresh blinds, which nobody can tell from new
 * questions. Every further push allowed is as many further guesses.
 */
export const PUSHES_PER_EPOCH = 4;

/**
 * Pushes of a receiver whose last batch is remembered. A batch of an older push that goes on is refused, one that begins
 * again is counted again: what is forgotten never lowers the count.
 */
export const PUSHES_REMEMBERED = 16;

/** A batch as the meter sees it. */
export interface MeteredBatch {
  readonly collaboration: string;
  readonly epoch: number;
  readonly receiver: string;
  readonly push: string;
  readonly sequence: number;
  /** Digest of its header. */
  readonly digest: string;
  readonly count: number;
}

export type Meter = Readonly<Pick<ProviderStateDocument, "epoch" | "receivers">>;
type ReceiverMeter = Meter["receivers"][number];

/**
 * The meter after a batch that may be evaluated; the same meter for the last batch of a push that came again, whose
 * answer may have been lost. `records` is the receiver's limit. Throws WRONG_EPOCH, BATCH_OUT_OF_SEQUENCE for a batch that
 * leaves a gap, that was passed already or that another one took the place of, OPRF_METER_EXCEEDED beyond the allowance.
 */
export function meterBatch(known: Meter | undefined, batch: MeteredBatch, records: number): Meter {
  const { epoch, receiver, push, sequence, digest, count } = batch;
  if (known !== undefined && epoch < known.epoch) {
    throw new PavilionError("WRONG_EPOCH", "The batch is for an epoch that is over.");
  }
  const meter = known?.epoch === epoch ? known : { epoch, receivers: [] };
  const { evaluated, pushes } = receiverIn(meter, receiver);
  const last = pushes.find((one) => one.push === push);
  if (last?.sequence === sequence && last.digest === digest) return meter;
  if (sequence !== (last?.sequence ?? 0) + 1) {
    throw new PavilionError("BATCH_OUT_OF_SEQUENCE", "The batch does not follow the push's last one.");
  }
  if (evaluated + count > records * PUSHES_PER_EPOCH) {
    throw new PavilionError("OPRF_METER_EXCEEDED", `Receiver ${receiver} has used up its evaluations.`);
  }
  return withReceiver(meter, {
    receiver,
    evaluated: evaluated + count,
    pushes: [...pushes.filter((one) => one.push !== push), { push, sequence, digest }],
  });
}

/** Both meters counted together, as two agents that did not know of each other counted: of an epoch that is over nothing. */
export const addMeters = (one: Meter | undefined, other: Meter): Meter =>
  joinMeters(one, other, (evaluated, more) => evaluated + more);

/** What either of two copies of one meter has counted. */
export const laterMeter = (one: Meter | undefined, other: Meter): Meter =>
  joinMeters(one, other, (evaluated, more) => Math.max(evaluated, more));

function joinMeters(
  one: Meter | undefined,
  other: Meter,
  join: (evaluated: number, more: number) => number,
): Meter {
  if (one === undefined || one.epoch < other.epoch) return other;
  if (one.epoch > other.epoch) return one;
  return other.receivers.reduce((meter, { receiver, evaluated, pushes }) => {
    const known = receiverIn(meter, receiver);
    const others = known.pushes.filter(({ push }) => !pushes.some((added) => added.push === push));
    return withReceiver(meter, {
      receiver,
      evaluated: join(known.evaluated, evaluated),
      pushes: [...others, ...pushes],
    });
  }, one);
}

const receiverIn = ({ receivers }: Meter, receiver: string): ReceiverMeter =>
  receivers.find((one) => one.receiver === receiver) ?? { receiver, evaluated: 0, pushes: [] };

function withReceiver({ epoch, receivers }: Meter, changed: ReceiverMeter): Meter {
  const others = receivers.filter(({ receiver }) => receiver !== changed.receiver);
  return { epoch, receivers: [...others, { ...changed, pushes: changed.pushes.slice(-PUSHES_REMEMBERED) }] };
}
