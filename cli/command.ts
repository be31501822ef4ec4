/** A command of the command line. */
export interface Command {
  /** What follows `./pavilion`. */
  readonly usage: string;
  readonly does: string;
  /** Answers the exit code. */
  readonly run: (args: string[]) => Promise<number>;
}

/** As a person writes the command, its arguments by their names. */
export const usageOf = ({ usage }: Command): string => ["./pavilion", usage].join(" ");

/** By name; a name of two words is a command of a group. */
export type Commands = Readonly<Record<string, Command>>;
