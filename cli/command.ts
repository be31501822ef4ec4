/**
 * A command is one value: how it is called, what its options mean, and what it does. Its options are declared once: they are
 * parsed by what `--help`, the completion and the reference say of them.
 */
import { parseArgs } from "node:util";

/** As `parseArgs` takes it, and what it means. */
interface Option {
  readonly type: "boolean" | "string";
  readonly multiple?: true;
  readonly default?: false | string[];
  readonly meaning: string;
}

type Options = Readonly<Record<string, Option>>;

/** `--json`: given or not. */
export const flag = (meaning: string) => ({ type: "boolean", default: false, meaning }) as const;
/** `--region R`: takes a value. */
export const text = (meaning: string) => ({ type: "string", meaning }) as const;
/** `--departure FILE`: takes a value each time that it is given. */
export const texts = (meaning: string) =>
  ({ type: "string", multiple: true, default: [] as string[], meaning }) as const;

/** What was given of the options, by their names. */
type Given<O extends Options> = {
  readonly [Name in keyof O]: O[Name] extends { readonly type: "boolean" }
    ? boolean
    : O[Name] extends { readonly multiple: true }
      ? readonly string[]
      : string | undefined;
};

interface Told {
  /** One word, or two for a command of a group. */
  readonly name: string;
  /** What follows the name: the options with what they take, and the operands, as a person writes them. */
  readonly usage: string;
  readonly does: string;
  /** What the operands mean, by how the usage line writes them: `FILE.csv`. */
  readonly operands?: Readonly<Record<string, string>>;
}

export interface Command extends Told {
  /** By their names without the dashes. */
  readonly options: Options;
  /** Answers the exit code. Throws what `parseArgs` throws where the call is not understood. */
  readonly run: (args: string[]) => Promise<number>;
}

/** `act` loads what it needs when it is called, so that a command costs nothing until then; it answers the exit code. */
export function command<const O extends Options>({
  act,
  ...told
}: Told & {
  readonly options: O;
  readonly act: (given: Given<O>, operands: readonly string[]) => Promise<number>;
}): Command {
  const { options, operands = {} } = told;
  const allowPositionals = Object.keys(operands).length > 0;
  return {
    ...told,
    run: async (args) => {
      const parsed: { values: object; positionals: string[] } = parseArgs({
        args,
        options,
        allowPositionals,
      });
      return act(parsed.values as Given<O>, parsed.positionals);
    },
  };
}

/** As a person writes the command, its arguments by their names. */
export const usageOf = ({ name, usage }: Command): string => ["./pavilion", name, usage].join(" ").trimEnd();

/** An option or an operand of a command. */
export interface Argument {
  /** `--region`, `CARD`. */
  readonly name: string;
  /** With the value it takes, as the usage line writes it: `--region R`. */
  readonly shown: string;
  readonly meaning: string;
}

/** In the order of the usage line. */
export function argumentsOf({ usage, options, operands = {} }: Command): Argument[] {
  const meanings = new Map([
    ...Object.entries(options).map(([name, { meaning }]): [string, string] => [`--${name}`, meaning]),
    ...Object.entries(operands),
  ]);
  const written = usage.matchAll(/(--[a-z-]+)(?: [A-Z][^\s[\]]*)?|([^\s[\]]+)(?: …)?/g);
  return [...written].map(([shown, option, operand]) => {
    const name = option ?? operand ?? "";
    return { name, shown, meaning: meanings.get(name) ?? "" };
  });
}
