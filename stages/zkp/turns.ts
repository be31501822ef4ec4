/**
 * Whose proofs are made next. Witnesses are taken in as they come, and wait in the state, where they can be told apart: a
 * flood that was answered waits for its proofs where tenants take turns.
 *
 * One turn is out at a time: a ProofTurn on the stage's own topic. When it comes back, the next witness goes on that topic,
 * and the turn behind it once more: whatever has arrived while that one was proven is taken in before the next is chosen.
 * Where no turn is out nobody waits, and a witness is proven as it comes. So a witness is an input of its own when it is
 * proven: it is tried again, given up and driven again as any other, and the turn behind it goes on in any case.
 *
 * Promises: a tenant's witness waits for at most one of each other signer's and of each other tenant's in every turn of its
 * own; none is lost or proven twice; at most one turn counts, should another have been given out. Does not: prove.
 */
import { paceAfter } from "../../domain/fairness/turns-left.ts";
import { FairQueue, OTHERS, type QueueLimits, type Waiter } from "../../runtime/contract/fair-queue.ts";
import { output, type Effects, type Output } from "../../runtime/contract/stage.ts";
import { Table, type Change, type StateView } from "../../runtime/contract/state.ts";
import type { Cell, EvidenceQueue, ReleaseWitness } from "../../schemas/avro/index.ts";

/**
 * So many may wait in the state; the door is shut long before (`waiting.evidence`). Beyond them witnesses are proven as they
 * come, and what comes after them stays in Kafka.
 */
const limits: QueueLimits = { tenant: 65_536, broker: 65_536 };
/** A turn that does not come back for so long was given up with a defect: another is given out in its place. */
const TURN_LOST_MS = 60_000;
/** What waits is told this often, in milliseconds. */
const TELL_EVERY_MS = 1_000;
/** Of so many tenants, by name. */
const TOLD_TENANTS_MAX = 256;

/** A witness as JSON. */
type Kept = Omit<ReleaseWitness, "exact"> & {
  readonly exact: readonly (Omit<Cell, "blinding"> & { readonly blinding: string })[];
};
const WAITING = new Table<Kept>("waiting");

interface Turn {
  /** The last that was given out. */
  readonly number: number;
  readonly isOut: boolean;
  /** When it was given out, or the witness came that was proven without. */
  readonly since: number;
  /** How long the proofs of one witness took lately. */
  readonly millisecondsEach?: number;
}
const TURN = new Table<Turn>("turn");
const noTurn: Turn = { number: 0, isOut: false, since: 0 };

/** When it was last told who waits, and whether anybody did. */
const TOLD = new Table<{ readonly time: number; readonly any: boolean }>("told");
/** Both have one entry. */
const ONLY = "";

/** What an event does to the turns; `time` is the event's. One object serves one event. */
export class ProofTurns {
  readonly #state: StateView;
  readonly #queue: FairQueue<Kept>;
  readonly #partition: number;
  readonly #time: number;
  readonly #changes: Change[] = [];
  readonly #outputs: Output[] = [];

  constructor(state: StateView, partition: number, time: number) {
    this.#state = state;
    this.#queue = new FairQueue(state, WAITING, limits);
    this.#partition = partition;
    this.#time = time;
  }

  get effects(): Pick<Required<Effects>, "outputs" | "changes"> {
    return { outputs: this.#outputs, changes: [...this.#queue.changes, ...this.#changes] };
  }

  /** Takes a witness in. False where its proofs are to be made at once: nobody waits, or too many do. */
  enter(witness: ReleaseWitness, waiter: Waiter): boolean {
    const turn = this.#turn;
    const value = kept(witness);
    // Tenants beyond those that have queues of their own wait in one, or their signer would pass all others.
    if (turn.isOut)
      return this.#queue.put(value, waiter) || this.#queue.put(value, { ...waiter, tenant: OTHERS });
    this.#giveOut(turn);
    return false;
  }

  /** The turn came back: the next witness has it. */
  pass(number: number): void {
    const turn = this.#turn;
    if (!turn.isOut || number !== turn.number) return;
    const millisecondsEach = Math.round(paceAfter(turn.millisecondsEach, this.#time - turn.since));
    const next = this.#queue.take();
    if (next === undefined) {
      this.#changes.push(TURN.put(ONLY, { ...turn, millisecondsEach, isOut: false }));
      return;
    }
    const { requestId: key } = next.request;
    this.#outputs.push(
      output("zkp.turns", "ReleaseWitness", taken(next), { key, partition: this.#partition }),
    );
    this.#giveOut({ ...turn, millisecondsEach });
  }

  /** Gives a lost turn out anew, and tells who waits. */
  tick(): void {
    const turn = this.#turn;
    if (turn.isOut && this.#time - turn.since > TURN_LOST_MS) this.#giveOut(turn);
    const shares = this.#queue.shares(TOLD_TENANTS_MAX);
    const any = shares.length > 0;
    const told = TOLD.get(this.#state, ONLY);
    if (any ? this.#time - (told?.time ?? 0) < TELL_EVERY_MS : told?.any !== true) return;
    const value: EvidenceQueue = { shares, millisecondsEach: turn.millisecondsEach ?? 0 };
    this.#outputs.push(
      output("zkp.waiting", "EvidenceQueue", value, { key: "", partition: this.#partition }),
    );
    this.#changes.push(TOLD.put(ONLY, { time: this.#time, any }));
  }

  get #turn(): Turn {
    return TURN.get(this.#state, ONLY) ?? noTurn;
  }

  #giveOut(turn: Turn): void {
    const number = turn.number + 1;
    this.#outputs.push(output("zkp.turns", "ProofTurn", { number }, { key: "", partition: this.#partition }));
    this.#changes.push(TURN.put(ONLY, { ...turn, number, isOut: true, since: this.#time }));
  }
}

const kept = (witness: ReleaseWitness): Kept => ({
  ...witness,
  exact: witness.exact.map((cell) => ({ ...cell, blinding: cell.blinding.toString("hex") })),
});

const taken = (witness: Kept): ReleaseWitness => ({
  ...witness,
  exact: witness.exact.map((cell) => ({ ...cell, blinding: Buffer.from(cell.blinding, "hex") })),
});
