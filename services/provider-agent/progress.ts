/**
 * How far a push has come: JSON lines of phase, done, total and rate for the provider's own terminal. At most two a
 * second for each phase, besides its last.
 */
export type Phase = "read" | "blind" | "evaluate" | "finalize" | "seal" | "push";

export type ProgressLine =
  | {
      readonly phase: Phase;
      readonly done: number;
      /** Null where it is not known yet. */
      readonly total: number | null;
      readonly perSecond: number;
    }
  | { readonly phase: Phase; readonly waiting: string }
  | { readonly note: string };

const intervalMs = 500;

interface Course {
  readonly begun: number;
  told: number;
}

export class Progress {
  readonly #courses = new Map<Phase, Course>();
  readonly #tell: (line: ProgressLine) => void;
  readonly #now: () => number;

  /** `now` is a monotonic clock in milliseconds. */
  constructor(tell: (line: ProgressLine) => void, now: () => number = () => performance.now()) {
    this.#tell = tell;
    this.#now = now;
  }

  begin(phase: Phase): void {
    this.#courses.set(phase, { begun: this.#now(), told: -Infinity });
  }

  /** Says how far the phase is, unless it has just been said; its end is always said. */
  update(phase: Phase, done: number, total: number | null): void {
    const now = this.#now();
    const course = this.#courses.get(phase) ?? { begun: now, told: -Infinity };
    this.#courses.set(phase, course);
    if (done !== total && now - course.told < intervalMs) return;
    course.told = now;
    const seconds = (now - course.begun) / 1000;
    this.#tell({ phase, done, total, perSecond: seconds > 0 ? Math.round(done / seconds) : 0 });
  }

  /** Says what the person at the terminal should know besides. */
  note(note: string): void {
    this.#tell({ note });
  }

  /** Says that the phase waits for somebody. */
  wait(phase: Phase, waiting: string): void {
    this.#tell({ phase, waiting });
  }
}
