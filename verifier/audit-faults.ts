/**
 * What an audit finds wrong, each under a name that does not change. A log that is wrong throughout is told of by its first
 * faults and how many more there are: whoever wrote it cannot make the report long.
 */

/** What each name stands for; those of leaves of one kind are that kind's own. */
export const auditFaults = {
  bundle: "A bundle on the topic cannot be read, or its checkpoint is not the log's.",
  "bundle-unknown": "A bundle is of a kind that this audit does not know.",
  "leaf-record": "A record of the log is not a leaf, or cannot be read.",
  "leaf-order": "A leaf is missing, listed twice or out of order.",
  "leaf-text": "A leaf's bytes are not a document of its kind in canonical form.",
  "leaf-unknown": "A leaf is of a kind that this audit does not know.",
  "leaf-kind": "A leaf is listed as a different kind from the one it is.",
  "leaf-request": "A leaf is listed under a different request from its own.",
  "leaf-region": "A leaf is another region's, or is listed as another log's.",
  "leaf-checkpoint": "A leaf is listed under a size or root that its checkpoint does not have.",
  "leaf-proof": "A leaf's inclusion proof does not lead to its checkpoint.",
  "leaf-anchor": "A leaf is listed with an anchor other than the trust file's or its batch's.",
  checkpoint: "A checkpoint is not signed by the log's key alone.",
  "log-tree": "A checkpoint covers other leaves than those in the log.",
  "log-end": "A checkpoint covers more leaves than are in the log.",
} as const;

export type AuditFaultName = keyof typeof auditFaults;

export interface AuditFault {
  readonly name: string;
  /** What is wrong and where, one sentence; holds nothing that a leaf's author worded. */
  readonly text: string;
}

/** Says of one leaf what is wrong with it, as the end of a sentence. */
export type Fail<N extends string = string> = (name: N, what: string) => void;

const TOLD_MAX = 100;

export class AuditFaults {
  readonly #told: AuditFault[] = [];
  #count = 0;

  add(name: string, text: string): void {
    this.#count++;
    if (this.#told.length < TOLD_MAX) this.#told.push({ name, text });
  }

  /** The first hundred. */
  get told(): readonly AuditFault[] {
    return this.#told;
  }

  get count(): number {
    return this.#count;
  }
}
