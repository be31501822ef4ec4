/**
 * Lines on a stream, and below them one that is rewritten in place while something goes on. The latter is for terminals
 * alone: on any other stream nothing is written but the lines.
 */
import { Console } from "node:console";
import type { WriteStream } from "node:tty";

/** Of a terminal that does not say how wide it is. */
const widthDefault = 80;
const clearLine = "\r\u001b[K";

export class LiveLines {
  readonly #stream: WriteStream;
  readonly #console: Console;
  #isShown = false;

  constructor(stream: WriteStream) {
    this.#stream = stream;
    this.#console = new Console(stream);
  }

  /** Prints a line that stays. */
  readonly tell = (line: string): void => {
    this.clear();
    this.#console.log(line);
  };

  /** Shows a line until the next one of either kind, cut to the terminal's width: one that wraps cannot be cleared. */
  show(line: string): void {
    if (!this.#stream.isTTY) return;
    this.#stream.write(`${clearLine}${line.slice(0, (this.#stream.columns || widthDefault) - 1)}`);
    this.#isShown = true;
  }

  clear(): void {
    if (this.#isShown) this.#stream.write(clearLine);
    this.#isShown = false;
  }
}
