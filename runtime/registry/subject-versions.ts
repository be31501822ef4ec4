/**
 * The schema ids that stand under one subject of a Confluent-compatible registry. An id alone proves nothing: whoever may
 * register under any subject chooses the schema behind it.
 *
 * Promises: an id counts once the registry has listed it under the subject, and then for good, since versions are
 * immutable. An unknown id asks the registry at most once in two seconds, so that made-up ids cost it little; a version
 * that is younger than that may be refused while somebody makes ids up.
 */

const lookupEveryMs = 2_000;
const answerWithinMs = 5_000;

export class SubjectVersions {
  readonly #versionsUrl: string;
  readonly #now: () => number;
  readonly #ids: Set<number>;
  /** The version numbers whose ids are known. */
  readonly #learnt = new Set<number>();
  #lookup: Promise<void> | undefined;
  #lookedUpAt = -Infinity;

  /** `registered` is the id that the registry gave when this process registered its own version. */
  constructor(
    registryUrl: string,
    subject: string,
    registered: number,
    now: () => number = () => performance.now(),
  ) {
    this.#versionsUrl = `${registryUrl}/subjects/${encodeURIComponent(subject)}/versions`;
    this.#ids = new Set([registered]);
    this.#now = now;
  }

  /** Throws a plain error, to be tried again, where the registry does not answer. */
  async has(id: number): Promise<boolean> {
    if (this.#ids.has(id)) return true;
    await this.#refresh();
    return this.#ids.has(id);
  }

  /** One lookup at a time; only one that succeeded puts off the next. */
  async #refresh(): Promise<void> {
    if (this.#lookup === undefined) {
      const begun = this.#now();
      if (begun - this.#lookedUpAt < lookupEveryMs) return;
      this.#lookup = this.#learn()
        .then(() => {
          this.#lookedUpAt = begun;
        })
        .finally(() => {
          this.#lookup = undefined;
        });
    }
    await this.#lookup;
  }

  async #learn(): Promise<void> {
    const versions = (await answerOf(this.#versionsUrl)) ?? [];
    if (!Array.isArray(versions)) throw unexpected();
    for (const version of versions as unknown[]) {
      if (typeof version !== "number") throw unexpected();
      if (this.#learnt.has(version)) continue;
      const entry = await answerOf(`${this.#versionsUrl}/${String(version)}`);
      // Deleted since it was listed.
      if (entry === undefined) continue;
      if (typeof entry !== "object" || entry === null || !("id" in entry) || typeof entry.id !== "number") {
        throw unexpected();
      }
      this.#ids.add(entry.id);
      this.#learnt.add(version);
    }
  }
}

/** The parsed answer; undefined where there is no such thing. */
async function answerOf(url: string): Promise<unknown> {
  const response = await fetch(url, { signal: AbortSignal.timeout(answerWithinMs) });
  if (response.status === 404) {
    await response.body?.cancel();
    return undefined;
  }
  if (!response.ok) {
    await response.body?.cancel();
    throw new Error(`the schema registry answers with status ${String(response.status)}`);
  }
  return response.json();
}

const unexpected = (): Error => new Error("the schema registry answers with something other than versions");
