/**
 * An audit of a whole log, offline: every leaf there is, in the log's order, from the trust file's roots alone.
 *
 * Promises: leaves that are missing, out of order, changed, told as something else than their hashed bytes say, of a kind that
 * is not known here, or not under a checkpoint that the log's key signed show; and so does whatever each kind of evidence finds wrong
 * with its own leaves.
 * What it keeps does not grow with what leaves hold, and grows with the log only by what later leaves may refer to.
 * Does not: say that an operator has shown every leaf that it has logged after the newest checkpoint, nor that a
 * checkpoint is anchored; bundles do, one by one.
 */
import { append, type NewNode, type Nodes, rootOf, verifyInclusion } from "../crypto/merkle/merkle.ts";
import type { AnchoredLeaf } from "../schemas/avro/index.ts";
import type { Trust, TrustedRegion } from "../schemas/json/trust.ts";
import { hashOfText, readLeaf, treeOf } from "./anchored-leaf.ts";
import { AuditFaults, type AuditFault, type AuditFaultName, type Fail } from "./audit-faults.ts";
import { typeOf, type Found, type Kind } from "./kind.ts";
import { KindAudits } from "./kind-audits.ts";
import { kinds as knownKinds } from "./kinds.ts";
import type { Tree } from "./log.ts";

export interface AuditReport {
  readonly leaves: number;
  /** How many of each kind, by what the leaves themselves are. */
  readonly kinds: ReadonlyMap<string, number>;
  /** What the leaves of each kind of evidence say together. */
  readonly found: Found;
  /** What does not hold, the first of it; none where all does. */
  readonly faults: readonly AuditFault[];
  /** How much does not hold in all. */
  readonly faultCount: number;
}

/** Leaves that one anchor brought: the tree that their checkpoint signs, and the first of them. */
interface Batch {
  readonly tree: Tree;
  readonly first: AnchoredLeaf;
}

export class LogAudit {
  readonly #chain: Trust["chain"];
  readonly #region: TrustedRegion;
  readonly #faults = new AuditFaults();
  readonly #counts = new Map<string, number>();
  readonly #audits: KindAudits;
  /** The last full subtree of each level: all that the next root rests on. */
  readonly #edge = new Map<number, NewNode>();
  readonly #nodes: Nodes = {
    get: (level, index) => {
      const node = this.#edge.get(level);
      return node?.index === index ? node.hash : undefined;
    },
  };
  /** Roots that bundles' checkpoints have, by size: a log that was cut short shows by them. */
  readonly #known = new Map<number, string>();
  #size = 0;
  #next = 0;
  #batch: Batch | undefined;

  /** By the roots of a trust file, for one of its regions. Knows the verifier's own kinds of evidence unless given others. */
  constructor(trust: Trust, region: TrustedRegion, kinds: readonly Kind[] = knownKinds) {
    this.#chain = trust.chain;
    this.#region = region;
    this.#audits = new KindAudits(trust, region, kinds);
  }

  /** Takes bundles, which come before the leaves: of each the checkpoint counts, and what its kind takes from it. */
  readonly bundles = {
    count: 0,
    take: (bundle: { readonly text: string }): void => {
      this.bundles.count++;
      this.#bundle(bundle);
    },
    takeUnreadable: (): void => {
      this.#faults.add("bundle", "A record on the bundles' topic is not a bundle.");
    },
  };

  #bundle({ text }: { readonly text: string }): void {
    const bundle = objectIn(text);
    const audit = this.#audits.bundles.get(typeOf(bundle));
    audit?.know(bundle);
    const checkpoint = checkpointIn(bundle);
    const tree = checkpoint === undefined ? undefined : treeOf(checkpoint, this.#region);
    if (tree === undefined) {
      this.#faults.add(
        "bundle",
        "A bundle cannot be read, or its checkpoint is not signed by the log's key.",
      );
      return;
    }
    if (audit === undefined)
      this.#faults.add(
        "bundle-unknown",
        "A bundle is of a kind that this audit does not know; a newer version may.",
      );
    const known = this.#known.get(tree.size) ?? tree.root;
    this.#known.set(tree.size, tree.root);
    if (known !== tree.root) this.#otherLeaves(tree.size);
  }

  /** A record on the log's topic that is no leaf. */
  takeUnreadable(): void {
    this.#faults.add(
      "leaf-record",
      `A record after leaf ${String(this.#size)} is not a leaf that can be read.`,
    );
  }

  /** The next leaf. */
  take(record: AnchoredLeaf): void {
    const place = String(this.#next);
    const fail: Fail = (name, what) => {
      this.#faults.add(name, `Leaf ${place} ${what}.`);
    };
    if (record.index !== this.#next)
      fail("leaf-order", `is missing: leaf ${String(record.index)} stands in its place`);
    // One that is missing is told once, not by all that follow it too.
    this.#next = record.index + 1;
    const hash = hashOfText(record.text);
    this.#grow(hash);
    this.#content(record, hash, fail);
    this.#place(record, hash, fail);
    this.#compareRoots();
  }

  /** Whether every leaf of the last batch is here. */
  get isWhole(): boolean {
    return this.#size >= (this.#batch?.tree.size ?? 0);
  }

  /** What was found, once all leaves are taken. */
  report(): AuditReport {
    const missing = [...this.#known.keys(), this.#batch?.tree.size ?? 0].filter((size) => size > this.#size);
    if (missing.length > 0) {
      const size = String(Math.max(...missing));
      this.#faults.add("log-end", `A checkpoint covers ${size} leaves; ${String(this.#size)} are here.`);
    }
    return {
      leaves: this.#size,
      kinds: this.#counts,
      found: this.#audits.found,
      faults: this.#faults.told,
      faultCount: this.#faults.count,
    };
  }

  /** What the bytes say, and whether the record says the same of them. */
  #content(record: AnchoredLeaf, hash: string, fail: Fail): void {
    const read = readLeaf(record.text, this.#audits.leaves);
    if (read.fault === "leaf-unknown") {
      fail(read.fault, "is of a kind that this audit does not know; a newer version may");
      return;
    }
    if (read.fault !== undefined) {
      fail(read.fault, "is not a document of its kind in canonical form");
      return;
    }
    const { name, leaf } = read;
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
    if (record.kind !== name) fail("leaf-kind", `is a ${name}, and is listed as something else`);
    if (record.requestDigest !== leaf.request) fail("leaf-request", "is listed under another request");
    if (leaf.region !== this.#region.region || record.log !== this.#region.origin)
      fail("leaf-region", "is of another region's log");
    leaf.take(hash, (fault, what) => {
      fail(fault, `is a ${name} that ${what}`);
    });
  }

  /** Where it stands: in a batch, under the batch's checkpoint, anchored where the trust file says. */
  #place(record: AnchoredLeaf, hash: string, fail: Fail<AuditFaultName>): void {
    const { chainId, contract, anchorer, size, root, index, proof } = record;
    const isTrusted =
      chainId === this.#chain.id && contract === this.#chain.contract && anchorer === this.#region.anchorer;
    if (!isTrusted)
      fail(
        "leaf-anchor",
        "is listed as anchored on another chain, in another contract or by another account",
      );
    const batch = this.#batchOf(record);
    if (batch === undefined) {
      fail("checkpoint", "stands under no checkpoint that the log's key alone signed");
      return;
    }
    const { tree, first } = batch;
    const isTold = record.checkpoint === first.checkpoint && size === tree.size && root === tree.root;
    if (!isTold || this.#size > tree.size)
      fail("leaf-checkpoint", "is listed under a checkpoint, size or root that is not its batch's");
    if (!verifyInclusion(hash, index, tree.size, proof, tree.root))
      fail("leaf-proof", "is not shown to stand under its checkpoint");
    if (record.transaction !== first.transaction || record.block !== first.block)
      fail("leaf-anchor", "names a transaction or block that is not its batch's");
  }

  /** The batch that a leaf is of: the one that is not full yet, or the next, whose checkpoint is verified. */
  #batchOf(record: AnchoredLeaf): Batch | undefined {
    const current = this.#batch;
    if (current?.first.checkpoint === record.checkpoint) return current;
    const tree = treeOf(record.checkpoint, this.#region);
    if (tree === undefined) return undefined;
    if (current === undefined || this.#size > current.tree.size) this.#batch = { tree, first: record };
    return this.#batch;
  }

  #grow(hash: string): void {
    for (const node of append(this.#size, hash, this.#nodes)) this.#edge.set(node.level, node);
    this.#size++;
  }

  /** Held against each checkpoint that is over exactly the leaves so far. */
  #compareRoots(): void {
    const { tree } = this.#batch ?? {};
    const expected = [this.#known.get(this.#size), tree?.size === this.#size ? tree.root : undefined];
    if (expected.every((root) => root === undefined)) return;
    const found = rootOf(this.#size, this.#nodes);
    if (expected.some((root) => root !== undefined && root !== found)) this.#otherLeaves(this.#size);
  }

  #otherLeaves(size: number): void {
    this.#faults.add("log-tree", `The checkpoint of ${String(size)} leaves covers other leaves.`);
  }
}

/** A JSON text's object, one without members where it has none. */
function objectIn(text: string): object {
  try {
    const document: unknown = JSON.parse(text);
    return typeof document === "object" && document !== null ? document : {};
  } catch {
    return {};
  }
}

/** The checkpoint in a bundle, whatever its kind. */
function checkpointIn(bundle: object): string | undefined {
  if (!("log" in bundle) || typeof bundle.log !== "object" || bundle.log === null) return undefined;
  const { checkpoint } = bundle.log as { readonly checkpoint?: unknown };
  return typeof checkpoint === "string" ? checkpoint : undefined;
}
