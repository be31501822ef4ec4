/**
 * The sender's meter: how many evaluations each receiver has had in an epoch, and in which order. It is what keeps a
 * receiver from enumerating identifiers, with or without the connector's help.
 *
 * Kept as plain JSON. A lost meter starts from nothing, so its file is as worth keeping as the keys.
 */
import { PavilionError } from "../../runtime/errors.ts";

/**
 * How often a receiver may have its whole dataset evaluated in an epoch. One evaluation a record is not enough: a push
 * that is broken off before its records were sealed asks again with fresh blinds, which nobody can tell from new
 * questions. Every further push allowed is as many further guesses.
 */
export const PUSHES_PER_EPOCH = 4;

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

interface ReceiverMeter {
  readonly evaluated: number;
  /** The last batch of each push. */
  readonly pushes: Readonly<Record<string, { readonly sequence: number; readonly digest: string }>>;
}

interface EpochMeter {
  readonly epoch: number;
  readonly receivers: Readonly<Record<string, ReceiverMeter>>;
}

/** Every collaboration of which this provider is the sender. */
export type MeterState = Readonly<Record<string, EpochMeter>>;

/**
 * The meter after a batch that may be evaluated; the same meter for the last batch of a push that came again, whose
 * answer may have been lost. `records` is the receiver's limit. Throws BATCH_OUT_OF_SEQUENCE for a batch that leaves a
 * gap, that was passed already or that another one took the place of, OPRF_METER_EXCEEDED beyond the allowance.
 */
export function meterBatch(state: MeterState, batch: MeteredBatch, records: number): MeterState {
  const { collaboration, epoch, receiver, push, sequence, digest, count } = batch;
  const known = ownMember(state, collaboration);
  if (known !== undefined && epoch < known.epoch) {
    throw new PavilionError("WRONG_EPOCH", "The batch is for an epoch that is over.");
  }
  const receivers = known?.epoch === epoch ? known.receivers : {};
  const meter = ownMember(receivers, receiver) ?? { evaluated: 0, pushes: {} };
  const last = ownMember(meter.pushes, push);
  if (last?.sequence === sequence && last.digest === digest) return state;
  if (sequence !== (last?.sequence ?? 0) + 1) {
    throw new PavilionError("BATCH_OUT_OF_SEQUENCE", "The batch does not follow the push's last one.");
  }
  const evaluated = meter.evaluated + count;
  if (evaluated > records * PUSHES_PER_EPOCH) {
    throw new PavilionError("OPRF_METER_EXCEEDED", `Receiver ${receiver} has used up its evaluations.`);
  }
  const pushes = { ...meter.pushes, [push]: { sequence, digest } };
  return {
    ...state,
    [collaboration]: { epoch, receivers: { ...receivers, [receiver]: { evaluated, pushes } } },
  };
}

/** Others choose the names: one may be called `constructor`, which every object inherits. */
const ownMember = <T>(members: Readonly<Record<string, T>>, name: string): T | undefined =>
  Object.hasOwn(members, name) ? members[name] : undefined;
