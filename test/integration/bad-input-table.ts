/**
 * The table of bad inputs: what is put in, and the code that it meets.
 */
import { readFileSync } from "node:fs";
import type { ErrorCode } from "../../errors/errors.ts";
import type { BadInputStack } from "./bad-input-stack.ts";

/** What stands in bad inputs, and must not stand in what is said of them. */
export const planted = "plantedvalue4711";

/** A command that fails with a code, told on standard error. */
export interface Refused {
  readonly name: string;
  readonly code: ErrorCode;
  readonly command: (stack: BadInputStack) => string[] | Promise<string[]>;
  /** 1 unless given. */
  readonly exit?: number;
}

export const rows = (count: number, row: (i: number) => string): string =>
  Array.from({ length: count }, (_, index) => row(index + 1)).join("\n");
const pushing =
  (name: string, content: string | Uint8Array) =>
  (stack: BadInputStack): string[] =>
    stack.pushOf("clinic", stack.file(name, content));

export const files: readonly Refused[] = [
  {
    name: "a missing file",
    code: "INPUT_UNREADABLE",
    command: (stack) => stack.pushOf("clinic", "nowhere.csv"),
  },
  { name: "an empty file", code: "INPUT_UNREADABLE", command: pushing("empty.csv", "") },
  { name: "a header without rows", code: "INPUT_UNREADABLE", command: pushing("bare.csv", "id,age\n") },
  {
    name: "a truncated file",
    code: "INPUT_UNREADABLE",
    command: pushing("cut.csv", `id,age\n1,20\n2,"${planted}`),
  },
  {
    name: "a file in another encoding",
    code: "INPUT_UNREADABLE",
    command: pushing("latin.csv", Buffer.from("id,age\n1,20\nM\u00fcller,30\n", "latin1")),
  },
  {
    name: "a wrong column",
    code: "INPUT_UNREADABLE",
    command: pushing("other.csv", `id,years\n1,${planted}\n`),
  },
  {
    name: "nothing but values out of bounds",
    code: "INPUT_UNREADABLE",
    command: pushing("far.csv", "id,age\n1,4711\n2,-3\n"),
  },
  {
    name: "more rows than agreed",
    code: "DATASET_TOO_LARGE",
    command: pushing("large.csv", `id,age\n${rows(401, (i) => `${String(i)},1`)}\n`),
  },
  {
    name: "an unknown collaboration",
    code: "UNKNOWN_COLLABORATION",
    command: (stack) =>
      ["provider", "push", "--provider", "clinic", "--collaboration", "nobodys", "nowhere.csv"].with(
        -1,
        stack.file("one.csv", "id,age\n1,1\n"),
      ),
  },
  {
    name: "a provider that was not admitted",
    code: "CONFIG_INVALID",
    command: (stack) => stack.pushOf("stranger", "nowhere.csv"),
  },
  {
    name: "a provider's name that leads elsewhere",
    code: "CONFIG_INVALID",
    command: (stack) => stack.pushOf("../broker", "nowhere.csv"),
  },
];

export const questions: readonly Refused[] = [
  {
    name: "a question that is no JSON",
    code: "DOCUMENT_INVALID",
    command: (stack) => ["request", stack.file("no.json", `{ ${planted}`)],
  },
  {
    name: "a question without its question",
    code: "DOCUMENT_INVALID",
    command: (stack) => stack.asking({ question: undefined }),
  },
  {
    name: "an epsilon that is no fraction",
    code: "DOCUMENT_INVALID",
    command: (stack) => stack.asking({ epsilon: planted }),
  },
  {
    name: "a question of a broker without keys",
    code: "CONFIG_INVALID",
    command: (stack) => stack.asking({ broker: "nobody" }),
  },
];

export const documents: readonly Refused[] = [
  {
    name: "a collaboration that is no YAML",
    code: "DOCUMENT_INVALID",
    command: (stack) => ["collaboration", "check", stack.file("no.yaml", "a: [1")],
  },
  {
    name: "a collaboration with a member that nobody reads",
    code: "DOCUMENT_INVALID",
    command: async (stack) => [
      "collaboration",
      "check",
      stack.file("more.yaml", `${await stack.yaml()}minimumGroups: ${planted}\n`),
    ],
  },
  {
    name: "bounds the wrong way round",
    code: "DOCUMENT_INVALID",
    command: async (stack) => [
      "collaboration",
      "check",
      stack.file(
        "bounds.yaml",
        await stack.yaml((text) => text.replace("lower: 0, upper: 110", "lower: 110, upper: 0")),
      ),
    ],
  },
  {
    name: "a signature under another key than the pinned one",
    code: "DOCUMENT_INVALID",
    command: async (stack) => [
      "collaboration",
      "sign",
      stack.file("keys.yaml", await stack.yaml(swapKeys)),
      "--provider",
      "clinic",
    ],
  },
  {
    name: "a collaboration that not everybody has signed",
    code: "SIGNATURE_MISSING",
    command: async (stack) => [
      "collaboration",
      "publish",
      stack.file("alone.yaml", await stack.yaml((text) => text.replace("id: study", "id: alone"))),
    ],
  },
  {
    name: "more partitions than the region has",
    code: "DOCUMENT_INVALID",
    command: async (stack) => [
      "collaboration",
      "publish",
      stack.file("wide.yaml", await stack.yaml((text) => text.replace("partitions: 2", "partitions: 3"))),
    ],
  },
  {
    name: "a population that is not here",
    code: "UNKNOWN_POPULATION",
    command: async (stack) => [
      "collaboration",
      "publish",
      stack.file("far.yaml", await stack.yaml((text) => text.replace("townspeople", "martians"))),
    ],
  },
  {
    name: "a card that is none",
    code: "DOCUMENT_INVALID",
    command: (stack) => ["provider", "admit", stack.file("card.json", "{}")],
  },
  {
    name: "a broker's card as a provider's",
    code: "CONFIG_INVALID",
    command: (stack) => ["provider", "admit", stack.partyFile("broker", "core", "card.json")],
  },
  {
    name: "another key under an admitted name",
    code: "CONFIG_INVALID",
    command: (stack) => ["provider", "admit", imposter(stack)],
  },
  {
    name: "keys for who has keys",
    code: "CONFIG_INVALID",
    command: () => ["provider", "init", "--provider", "clinic"],
  },
  {
    name: "a bundle that is not there",
    code: "BUNDLE_UNREADABLE",
    exit: 2,
    command: (stack) => ["verify", "nowhere.json", "--trust", stack.file("trust.json", "{}")],
  },
  {
    name: "a trust file of a later version",
    code: "TRUST_UNREADABLE",
    exit: 2,
    command: (stack) => [
      "verify",
      stack.file("bundle.json", "{}"),
      "--trust",
      stack.file("later.json", '{"type":"pavilion/trust/v2"}'),
    ],
  },
  { name: "an unknown command", code: "UNKNOWN_COMMAND", exit: 2, command: () => ["provider", "dance"] },
  { name: "an unknown option", code: "USAGE_INVALID", exit: 2, command: () => ["up", "--sideways"] },
  {
    name: "a place for evidence that is a folder, before anything is asked",
    code: "CONFIG_INVALID",
    command: (stack) => [...stack.asking({}), "--bundle", stack.dir],
  },
  { name: "erasing without a word", code: "CONFIRMATION_MISSING", command: () => ["down", "--erase"] },
];

/** The clinic's and the insurer's keys, each in the other's place. */
function swapKeys(text: string): string {
  const [first = "", second = ""] = [...text.matchAll(/key: (\S+)$/gm)].map(([, key]) => key ?? "");
  return text.replace(first, "?").replace(second, first).replace("?", second);
}

function imposter(stack: BadInputStack): string {
  const card = JSON.parse(readFileSync(stack.partyFile("provider", "clinic", "card.json"), "utf8")) as object;
  const other = JSON.parse(readFileSync(stack.partyFile("provider", "insurer", "card.json"), "utf8")) as {
    key: string;
  };
  return stack.file("imposter.json", JSON.stringify({ ...card, key: other.key }));
}

/** Questions that the region refuses: the answer says so. */
export const asked: readonly { name: string; code: ErrorCode; change: object }[] = [
  { name: "an unknown collaboration", code: "UNKNOWN_COLLABORATION", change: { collaboration: "nobodys" } },
  { name: "the terms of another version", code: "STALE_COLLABORATION", change: { collaborationVersion: 7 } },
  { name: "a tenant that may not ask", code: "UNKNOWN_TENANT", change: { tenant: "stranger" } },
  { name: "a region where the data is not", code: "NOT_HOME_REGION", change: { home: "us-east" } },
  { name: "a forbidden purpose", code: "POLICY_DENIED", change: { purpose: "marketing" } },
  { name: "a legal basis that was not agreed", code: "POLICY_DENIED", change: { legalBasis: "curiosity" } },
  {
    name: "an unknown column",
    code: "UNKNOWN_COLUMN",
    change: {
      question: {
        measures: [{ kind: "mean", of: { dataset: "patients", column: "height" } }],
        groupings: [{ by: "total" }],
      },
    },
  },
  { name: "an epsilon above the limit", code: "EPSILON_OUT_OF_RANGE", change: { epsilon: "5/2" } },
  { name: "an epsilon too fine", code: "EPSILON_OUT_OF_RANGE", change: { epsilon: "1/999983" } },
];
