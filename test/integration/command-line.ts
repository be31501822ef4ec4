/**
 * The command line as its users run it, each command a process of its own, with everything it keeps below one folder.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join, resolve } from "node:path";
import { text } from "node:stream/consumers";
import { partsDir } from "../../infra/embedded/parts.ts";

const clone = resolve(import.meta.dirname, "../..");

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export class CommandLine {
  readonly home: string;
  readonly #dir: string;

  readonly #main: string;

  /** `dir` is where commands run, and where what they keep lies; `version` is the clone whose commands they are. */
  constructor(dir: string, version = clone) {
    this.#dir = dir;
    this.#main = join(version, "cli", "main.ts");
    this.home = join(dir, "home");
  }

  async run(...args: string[]): Promise<Ran> {
    const child = this.start(...args);
    const [out, err, [code]] = await Promise.all([
      child.stdout === null ? "" : text(child.stdout),
      child.stderr === null ? "" : text(child.stderr),
      once(child, "close") as Promise<[number | null]>,
    ]);
    return { code: code ?? 1, out, err };
  }

  /** Throws where the command fails; answers what it printed. */
  async done(...args: string[]): Promise<string> {
    const { code, out, err } = await this.run(...args);
    if (code !== 0) throw new Error(`${args.join(" ")} ended with ${String(code)}: ${out}${err}`);
    return out.trim();
  }

  /** Starts a command that goes on until it is told to stop; nobody reads what it prints. */
  serve(...args: string[]): ChildProcess {
    const child = this.start(...args);
    // Read all the same: a full pipe would hold the command up for good.
    child.stdout?.resume();
    child.stderr?.resume();
    return child;
  }

  start(...args: string[]): ChildProcess {
    return spawn(process.execPath, [this.#main, ...args], {
      cwd: this.#dir,
      // Another version's clone has no parts of its own.
      env: { ...process.env, PAVILION_HOME: this.home, PAVILION_PARTS: partsDir, FORCE_COLOR: undefined },
      stdio: ["ignore", "pipe", "pipe"],
    });
  }
}
