/**
 * The anchoring stage: keeps the region's log, anchors it in batches on a chain, and makes and retires noise seeds. See
 * README.md.
 */
import { signCheckpoint, type NoteSigner } from "../../crypto/checkpoint/checkpoint.ts";
import type { StateProof } from "../../crypto/ethereum/state-proof.ts";
import { originOf } from "../../domain/log/leaves.ts";
import { withChanges } from "../../runtime/contract/changed-state.ts";
import { PavilionError, type ErrorCode } from "../../errors/errors.ts";
import {
  output,
  publish,
  reject,
  type Audit,
  type Outcome,
  type Output,
  type Stage,
} from "../../runtime/contract/stage.ts";
import type { Change, StateView } from "../../runtime/contract/state.ts";
import type { AnchoredLeaf, RequestRef, RestoreEntry } from "../../schemas/avro/index.ts";
import {
  anchorCount,
  anchorsFrom,
  firstAnchor,
  intend,
  intendedIn,
  lastAnchor,
  loseAnchors,
  noteAnchor,
  putFirst,
  type Anchor,
  type Anchored,
  type Intended,
} from "./anchors.ts";
import { forgetBeginning } from "./forgetting.ts";
import {
  forgetKept,
  isLast,
  KEPT,
  settle,
  takeLeaf,
  tellCompleting,
  WAITING,
  waitingBelow,
  type LastLeaf,
} from "./leaves.ts";
import { rootAt, sizeOf } from "./log.ts";
import {
  beginComparing,
  bring,
  BROUGHT,
  close,
  compare,
  goOn,
  hasBegun,
  HELD,
  holdLeaf,
  isClosed,
  isComparing,
  isGoingOn,
  noteTold,
  takeHeld,
  wasTold,
  type Held,
} from "./recovery.ts";
import {
  anchoredLeaf,
  batchEnd,
  checkProof,
  receiptOf,
  type AnchoredBatch,
  type ChainPlace,
} from "./receipt.ts";
import {
  closeAll,
  closeEvery,
  closeSeeds,
  destroySeeds,
  entryOf,
  fallenSeeds,
  forgetSeed,
  makeSeed,
  noteSeed,
  openSeeds,
  seedsIn,
  type Seed,
  type SeedPorts,
  SEEDS,
} from "./seeds.ts";
import { noteTrouble, troubleWith } from "./trouble.ts";

/** The chain, as far as the stage needs it. Throws CHAIN_UNAVAILABLE, CHAIN_MISMATCH, ANCHOR_FORKED or ANCHOR_LOST. */
interface AnchorChainPort extends ChainPlace {
  /** Brings the batch on chain and says how far it is: may be called again and again, after any crash. */
  anchor(
    last: Anchored | undefined,
    next: { readonly size: number; readonly root: string },
  ): Promise<{ readonly state: "pending" } | ({ readonly state: "anchored" } & Anchored)>;
  prove(block: number): Promise<StateProof>;
  /** How many of these, oldest first, still stand. */
  standing(anchors: readonly Anchored[]): Promise<number>;
  /** The trees that the chain holds of the log after the last anchor that is known, in their order. */
  after(last: Anchored | undefined): Promise<readonly { readonly size: number; readonly root: string }[]>;
}

export interface AnchoringPorts extends SeedPorts {
  /** The partition that this handler serves; the log is in partition 0. */
  readonly partition: number;
  readonly chain: AnchorChainPort;
  /** Signs checkpoints with the log's key in the HSM. */
  readonly logSigner: NoteSigner;
  /** How the region was last put back from a backup, if it ever was. */
  readonly restore: () => RestoreEntry | undefined;
}

/** So many batches that stand on the chain are taken for meant at once. */
const ADOPTED_MAX = 200;

export const anchoring: Stage<"LogLeaf" | "AnchoredLeaf" | "Tick", AnchoringPorts> = {
  name: "anchoring",
  inputs: [
    { topic: "proofs.pending", types: ["LogLeaf"], besideAnswer: true },
    { topic: "log.brought", types: ["AnchoredLeaf"], besideAnswer: true },
    { topic: "clock.ticks", types: ["Tick"] },
  ],
  tables: [WAITING, KEPT, SEEDS, HELD, BROUGHT],
  outputs: ["proofs.anchored", "config.seeds", "anchoring.receipts"],
  // A batch is sent at the tick after the one that wrote it down: in one transaction a crash could forget what was sent.
  commitsEach: true,
  handle({ type, value, time }, state, ports) {
    if (ports.partition !== 0) return publish({});
    const isWhole = !isComparing(ports.restore(), state);
    if (type === "LogLeaf") {
      const isNext = isWhole && !isGoingOn(state);
      return publish({ changes: isNext ? takeLeaf(value, state) : holdLeaf(value, state) });
    }
    // Only a log that is not whole takes leaves that others hold.
    if (type === "AnchoredLeaf") return isWhole ? publish({}) : takeBroughtLeaf(value, state, ports);
    return new Tick(state, time, ports).run();
  },
};

function takeBroughtLeaf(
  leaf: AnchoredLeaf,
  state: StateView,
  { region, logSigner }: AnchoringPorts,
): Outcome {
  const changes = bring(leaf, region, logSigner, state);
  if (changes === undefined)
    return reject("DOCUMENT_INVALID", "The log's checkpoint does not show that the leaf stands in the log.");
  return publish({ changes });
}

/** One tick's work: each step sees the state as the steps before it left it. */
class Tick {
  readonly #before: StateView;
  readonly #time: number;
  readonly #ports: AnchoringPorts;
  readonly #outputs: Output[] = [];
  readonly #changes: Change[] = [];
  readonly #audit: Audit[] = [];

  constructor(state: StateView, time: number, ports: AnchoringPorts) {
    this.#before = state;
    this.#time = time;
    this.#ports = ports;
  }

  async run(): Promise<Outcome> {
    const restore = this.#ports.restore();
    if (restore !== undefined) await this.#recover(restore);
    if (!isComparing(restore, this.#state())) await this.#goOn();
    return publish({ outputs: this.#outputs, changes: this.#changes, audit: this.#audit });
  }

  async #goOn(): Promise<void> {
    await this.#anchor();
    await this.#turnSeeds();
    await this.#intendNext();
    this.#changes.push(...tellCompleting(this.#state()));
    this.#changes.push(...forgetKept(this.#state(), this.#time));
    this.#changes.push(...forgetBeginning(this.#state()));
  }

  /** A region that was put back: no seed is used again, and the log waits until it has all that others hold of it. */
  async #recover(restore: RestoreEntry): Promise<void> {
    const { region, blinding } = this.#ports;
    if (!hasBegun(restore, this.#state())) {
      // Their keys as well: the token need not have been put back.
      for (const seed of seedsIn(this.#state())) await this.#ports.destroySeed(seed.id);
      for (const seed of closeEvery(this.#state(), this.#time)) this.#publishSeed(seed, "seed.closed");
      this.#changes.push(...beginComparing(restore, this.#state()));
      this.#tell("region.restored", { restore: restore.id });
    }
    this.#changes.push(...close(restore, this.#state()));
    if (isClosed(restore, this.#state())) {
      this.#tellOnce("region.closed", restore, { reason: restore.closed ?? "" });
      return;
    }
    const isAsked = restore.comparedAt !== null;
    if (isAsked && isComparing(restore, this.#state()) && (await this.#isWhole(restore)))
      this.#changes.push(...(await goOn(restore, region, blinding, this.#state())));
    if (isComparing(restore, this.#state())) return;
    if (isAsked) this.#tellOnce("region.compared", restore, { size: String(sizeOf(this.#state())) });
    if (isGoingOn(this.#state())) this.#changes.push(...takeHeld(restore, this.#state()));
  }

  /** Once each time that the operator asks. */
  #tellOnce(action: string, restore: RestoreEntry, details: Record<string, string>): void {
    if (wasTold(restore, this.#state())) return;
    this.#changes.push(noteTold(restore));
    this.#tell(action, { restore: restore.id, ...details, compared: String(restore.comparedAt) });
  }

  /** Whether the log has every leaf that the chain holds, and those whom the operator asked. Told when it changes. */
  async #isWhole(restore: RestoreEntry): Promise<boolean> {
    const { chain } = this.#ports;
    const { size, root } = restore;
    try {
      const onChain = (await chain.after(lastAnchor(this.#state()))).slice(-1);
      this.#noteChain(undefined);
      const held = [...onChain.map(bare), ...(size === 0 ? [] : [{ size, root }])];
      const standing = compare(held, this.#state());
      this.#noteBehind(standing, restore);
      return standing === "whole";
    } catch (error) {
      if (!(error instanceof PavilionError)) throw error;
      this.#noteChain(error.code);
      return false;
    }
  }

  /** Told each time that the operator asks, and as the log grows. */
  #noteBehind(standing: ReturnType<typeof compare>, { id, comparedAt }: RestoreEntry): void {
    if (standing === "whole") {
      this.#changes.push(noteTrouble("others", undefined));
      return;
    }
    const [reason, tree] =
      standing === "forked"
        ? (["ANCHOR_FORKED", undefined] as const)
        : (["REGION_BEHIND", standing] as const);
    const size = String(sizeOf(this.#state()));
    const details = { reason, size, needed: String(tree?.size ?? size), compared: String(comparedAt) };
    const told = JSON.stringify(details);
    if (troubleWith("others", this.#state()) === told) return;
    this.#changes.push(noteTrouble("others", told));
    this.#tell("region.behind", { restore: id, ...details });
  }

  #state(): StateView {
    return withChanges(this.#before, this.#changes);
  }

  #tell(action: string, details: Record<string, string>, request?: RequestRef): void {
    const { region } = this.#ports;
    this.#audit.push({ tenant: request?.tenant ?? region, action, details, ...(request && { request }) });
  }

  /** Brings the intended batch on. While the chain is away the log goes on growing, and nothing is lost. */
  async #anchor(): Promise<void> {
    const intended = intendedIn(this.#state());
    if (intended === undefined) return;
    try {
      await this.#bring(intended);
      this.#noteChain(undefined);
    } catch (error) {
      // Nothing of an unfinished conclusion has been kept: it changes state once it has all it needs.
      if (!(error instanceof PavilionError)) throw error;
      this.#noteChain(error.code);
    }
  }

  async #bring(intended: Intended): Promise<void> {
    const { chain } = this.#ports;
    try {
      const found = await chain.anchor(lastAnchor(this.#state()), intended);
      if (found.state === "pending") return;
      const { state: _, ...anchored } = found;
      await this.#conclude({ ...anchored, checkpoint: intended.checkpoint }, intended);
    } catch (error) {
      if (!(error instanceof PavilionError)) throw error;
      if (error.code === "ANCHOR_FORKED" && (await this.#adopt())) return;
      if (error.code !== "ANCHOR_LOST") throw error;
      const first = firstAnchor(this.#state());
      const anchors = anchorsFrom(first, this.#state());
      const standing = await chain.standing(anchors);
      // The chain may have turned back meanwhile.
      if (standing === anchors.length) return;
      for (const seed of fallenSeeds(first + standing, this.#state())) this.#publishSeed(seed, "seed.closed");
      this.#changes.push(...loseAnchors(first + standing, this.#state()));
      this.#tell("anchor.lost", { anchors: String(anchors.length - standing) });
    }
  }

  /**
   * What stands on the chain of this very log is what was meant: a region that was put back does not know which batches it had sent.
   * False where it is another log's.
   */
  async #adopt(): Promise<boolean> {
    const { chain, region, logSigner } = this.#ports;
    const trees = (await chain.after(lastAnchor(this.#state()))).slice(0, ADOPTED_MAX).map(bare);
    const state = this.#state();
    if (trees.length === 0 || compare(trees, state) !== "whole") return false;
    const batches: Intended[] = [];
    for (const { size, root } of trees) {
      const checkpoint = await signCheckpoint({ origin: originOf(region), size, root }, logSigner);
      batches.push({ size, root: `0x${root}`, checkpoint });
    }
    this.#changes.push(...putFirst(batches, state));
    return true;
  }

  /** Told when it changes: why the chain does not serve, or that it does again. */
  #noteChain(reason: ErrorCode | undefined): void {
    // Somebody else holds the log's key: nobody is to be charged for what can never be anchored.
    if (reason === "ANCHOR_FORKED") {
      for (const seed of closeAll(this.#state(), this.#time)) this.#publishSeed(seed, "seed.closed");
    }
    if (troubleWith("chain", this.#state()) === reason) return;
    this.#changes.push(noteTrouble("chain", reason));
    if (reason === undefined) this.#tell("chain.back", {});
    else this.#tell("chain.away", { reason });
  }

  /** The batch stands: its leaves are told, its seeds open, the requests that it completes get their receipts. */
  async #conclude(anchor: Anchor, { size }: Intended): Promise<void> {
    const { chain, region } = this.#ports;
    const leaves = waitingBelow(size, this.#state());
    const completing = leaves.filter(isLast);
    // Asked for before anything changes: the chain may go away here.
    const proof = completing.length === 0 ? undefined : await chain.prove(anchor.block);
    if (proof !== undefined) checkProof(anchor, chain, proof);
    this.#changes.push(...noteAnchor(anchor, this.#state()));
    const state = this.#state();
    const place = { chainId: chain.chainId, contract: chain.contract, anchorer: chain.anchorer };
    for (const leaf of leaves) {
      const record = anchoredLeaf(leaf, anchor, region, place, state);
      this.#outputs.push(output("proofs.anchored", "AnchoredLeaf", record, { key: originOf(region) }));
    }
    for (const seed of openSeeds(size, anchorCount(state) - 1, state, this.#time))
      this.#publishSeed(seed, "seed.opened");
    if (proof !== undefined)
      for (const last of completing) this.#receipt(last, { anchor, chain: place, proof });
    this.#changes.push(...settle(leaves, this.#state()));
    this.#tell("anchor.confirmed", { size: String(size), transaction: anchor.transaction });
  }

  #receipt(last: LastLeaf, batch: AnchoredBatch): void {
    const receipt = receiptOf(last, batch, this.#state());
    const { request } = last;
    if (receipt === undefined) {
      this.#tell("evidence.incomplete", {}, request);
      return;
    }
    this.#outputs.push(output("anchoring.receipts", "AnchorReceipt", receipt, { key: request.requestId }));
    this.#tell("request.anchored", { transaction: batch.anchor.transaction }, request);
  }

  #publishSeed(seed: Seed, action: string): void {
    this.#changes.push(noteSeed(seed));
    this.#outputs.push(output("config.seeds", "SeedEntry", entryOf(seed), { key: String(seed.id) }));
    this.#tell(action, { seed: String(seed.id) });
  }

  /** What the HSM cannot do now is done at a later tick: neither anchoring nor the other step waits for it. */
  async #turnSeeds(): Promise<void> {
    for (const seed of closeSeeds(this.#state(), this.#time, this.#ports)) {
      this.#publishSeed(seed, "seed.closed");
    }
    const failed = [await failureOf(this.#makeSeed()), await failureOf(this.#destroySeeds())];
    const reason = failed.find((code) => code !== undefined);
    if (troubleWith("seeds", this.#state()) === reason) return;
    this.#changes.push(noteTrouble("seeds", reason));
    if (reason !== undefined) this.#tell("seed.failed", { reason });
  }

  async #makeSeed(): Promise<void> {
    const made = await makeSeed(this.#state(), this.#time, this.#ports);
    if (made === undefined) return;
    this.#changes.push(noteSeed(made.seed), ...takeLeaf(made.leaf, this.#state()));
    this.#tell("seed.made", { seed: String(made.seed.id) });
  }

  async #destroySeeds(): Promise<void> {
    for (const seed of await destroySeeds(this.#state(), this.#time, this.#ports)) {
      this.#changes.push(forgetSeed(seed));
      this.#tell("seed.destroyed", { seed: String(seed.id) });
    }
  }

  /** Signed and written down now, sent at the next tick: whoever comes after a crash sends the very same. */
  async #intendNext(): Promise<void> {
    const state = this.#state();
    const anchored = lastAnchor(state)?.link.size ?? 0;
    if (intendedIn(state) !== undefined || sizeOf(state) === anchored) return;
    const size = batchEnd(anchored, state);
    const root = rootAt(size, state);
    const origin = originOf(this.#ports.region);
    const checkpoint = await signCheckpoint({ origin, size, root }, this.#ports.logSigner);
    this.#changes.push(intend({ size, root: `0x${root}`, checkpoint }));
  }
}

/** As the log has it, without 0x. */
const bare = ({ size, root }: { readonly size: number; readonly root: string }): Held => ({
  size,
  root: root.slice("0x".length),
});

/** The code of an expected failure, undefined where there is none. */
async function failureOf(step: Promise<void>): Promise<ErrorCode | undefined> {
  try {
    await step;
    return undefined;
  } catch (error) {
    if (error instanceof PavilionError) return error.code;
    throw error;
  }
}
