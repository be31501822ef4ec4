/** The commands of one kind of terms: populations or collaborations. */
import { command, text, texts, type Command } from "../command.ts";
import { json, provider, region } from "../options.ts";
import type { TermsDocument, TermsKind } from "./kind.ts";
import type { Shown } from "./showing.ts";

export interface TermsCommands<D extends TermsDocument, S extends TermsDocument> {
  readonly name: "population" | "collaboration";
  readonly kind: () => Promise<TermsKind<D>>;
  readonly shown: () => Promise<Shown<S>>;
  /** What its own commands do, where kinds differ in that. */
  readonly list: string;
  readonly show: string;
}

const document = { FILE: "the document, in YAML or JSON, or NAME.signed.json" };
const reading = {
  provider: text("the provider who reads; the region's operator unless given"),
  broker: text("the broker who reads"),
  region,
  json,
};

export const termsCommands = <D extends TermsDocument, S extends TermsDocument>(
  terms: TermsCommands<D, S>,
): readonly Command[] => [...writing(terms), ...showing(terms)];

const writing = <D extends TermsDocument, S extends TermsDocument>({
  name,
  kind,
}: TermsCommands<D, S>): Command[] => [
  command({
    name: `${name} check`,
    usage: "FILE [--json]",
    does: `lists what is wrong with a ${name}, in YAML or JSON, and who has still to sign it`,
    options: { json },
    operands: document,
    act: async (given, files) => (await import("./signing.ts")).check(await kind(), files, given),
  }),
  command({
    name: `${name} sign`,
    usage: "FILE --provider P [--json]",
    does: "adds a provider's signature, in NAME.signed.json beside the file",
    options: { provider, json },
    operands: document,
    act: async (given, files) => (await import("./signing.ts")).sign(await kind(), files, given),
  }),
  command({
    name: `${name} leave`,
    usage: "FILE|ID --provider P [--json]",
    does: "a provider signs that it leaves: in the file of the version without it, or in a file for the operator",
    options: { provider, json },
    operands: {
      "FILE|ID":
        "the version that comes without the provider; or the id of what it leaves, whether or not a version is drafted",
    },
    act: async (given, which) => (await import("./signing.ts")).leave(await kind(), which, given),
  }),
  command({
    name: `${name} publish`,
    usage: "FILE [--departure FILE] [--strike P --reason TEXT] [--json]",
    does: `the operator publishes a ${name} that every provider has signed`,
    options: {
      departure: texts("a departure that a provider has signed on its own; may be given several times"),
      strike: texts("removes a provider that neither signs nor leaves; may be given several times"),
      reason: text("why, for everybody to read; it stays on record"),
      json,
    },
    operands: document,
    act: async (given, files) => (await import("./publishing.ts")).publish(await kind(), files, given),
  }),
];

const showing = <D extends TermsDocument, S extends TermsDocument>({
  name,
  shown,
  ...does
}: TermsCommands<D, S>): Command[] => [
  command({
    name: `${name} list`,
    usage: "[--provider P] [--broker B] [--region R] [--json]",
    does: does.list,
    options: reading,
    act: async (given) => (await import("./showing.ts")).list(await shown(), given),
  }),
  command({
    name: `${name} show`,
    usage: "ID [--version N] [--provider P] [--broker B] [--region R] [--json]",
    does: does.show,
    options: { ...reading, version: text("the version; the latest unless given") },
    operands: { ID: `the ${name}'s id` },
    act: async (given, ids) => (await import("./showing.ts")).show(await shown(), ids, given),
  }),
];
