/**
 * What an audit finds wrong, each under a name that does not change. A log that is wrong throughout is told of by its first
 * faults and how many more there are: whoever wrote it cannot make the report long.
 */

/** What each name stands for; those of leaves of one kind are that kind's own. */
export const auditFaults = {
  bundle: "A bundle on the topic cannot be read, or its checkpoint is not the log's.",
  "bundle-unknown": "A bundle is of a kind that this audit does not know.",
  "leaf-record": "A record of the log is no leaf, or cannot be read.",
  "leaf-order": "A leaf is missing, told twice or out of order.",
  "leaf-text": "A leaf's bytes are no document of its kind in its one spelling.",
  "leaf-unknown": "A leaf is of a kind that this audit does not know.",
  "leaf-kind": "A leaf is told as another kind than it is.",
  "leaf-request": "A leaf is told as of another request than it is.",
  "leaf-region": "A leaf is of another region, or told as of another log.",
  "leaf-checkpoint": "A leaf is told under a size or root that its checkpoint does not have.",
  "leaf-proof": "A leaf's inclusion proof does not lead to its checkpoint.",
  "leaf-anchor": "A leaf is told as anchored elsewhere than the trust file or its batch says.",
  checkpoint: "A checkpoint is not signed by the log's key alone.",
  "log-tree": "A checkpoint is over other leaves than stand here.",
  "log-end": "A checkpoint is over more leaves than stand here.",
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
