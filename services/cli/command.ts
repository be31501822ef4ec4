/** A command of the command line. */
export interface Command {
  /** What follows `./pavilion`. */
  readonly usage: string;
  readonly does: string;
  /** Answers the exit code. */
  readonly run: (args: string[]) => Promise<number>;
}

/** By name; a name of two words is a command of a group. */
export type Commands = Readonly<Record<string, Command>>;
