/**
 * How far a long copy has come: at most two lines a second, on a terminal alone, one in the other's place.
 */
import type { WriteStream } from "node:tty";
import { megabytes } from "../../services/backup/places.ts";
import { LiveLines } from "../live-lines.ts";

const intervalMs = 500;

export class BytesShown {
  readonly #lines: LiveLines;
  #shownAt = -Infinity;

  constructor(stream: WriteStream) {
    this.#lines = new LiveLines(stream);
  }

  readonly onProgress =
    (doing: string) =>
    (done: number, total: number): void => {
      const now = performance.now();
      if (now - this.#shownAt < intervalMs) return;
      this.#shownAt = now;
      this.#lines.show(`  ${doing}: ${megabytes(done)} of ${megabytes(total)} MB`);
    };

  /** A line that stays. */
  readonly tell = (line: string): void => {
    this.#lines.tell(`  ${line}`);
  };

  readonly clear = (): void => {
    this.#lines.clear();
  };
}
