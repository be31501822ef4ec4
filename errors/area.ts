/** One area of the catalogue of errors: the codes that belong together, and what each of them means. */

/** Who is told of a code, in its own words. */
export type Audience =
  /** Whoever asked: a broker, or another client of a pipeline. */
  | "asker"
  /** A data provider, by a notice or by its own agent. */
  | "provider"
  /** Whoever checks evidence. */
  | "auditor"
  /** Whoever runs the region. */
  | "operator"
  /** Whoever runs the command that fails. */
  | "user"
  /** Whoever calls the code that throws it. */
  | "developer";

export interface Failure {
  /** What an HTTP interface answers with (RFC 9110, and 429 of RFC 6585). */
  readonly status: number;
  readonly audience: readonly Audience[];
  /** When it happens: one or two sentences, true of every occurrence. */
  readonly when: string;
  /** What to do about it. It holds nothing of the occurrence. */
  readonly remedy: string;
}

export interface Area {
  readonly title: string;
  /** Where and how its codes are told. */
  readonly about: string;
  /** By code, which is stable once published. */
  readonly codes: Readonly<Record<string, Failure>>;
}
