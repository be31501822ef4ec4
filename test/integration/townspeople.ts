/**
 * Parties by the command line alone, for tests of whole stacks, and what they agree on over the people of one town.
 */
import { join } from "node:path";
import type { CommandLine } from "./command-line.ts";

/** A provider of a collaboration; each column is a line of YAML. */
export interface Participant {
  readonly name: string;
  readonly dataset: string;
  readonly columns: readonly string[];
}

/** Makes the keys of providers and of the broker `core`, and admits them all; their keys by their names. */
export async function admitAll(
  by: CommandLine,
  providers: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const keys = new Map<string, string>();
  const admit = async (role: "provider" | "broker", name: string): Promise<void> => {
    await by.done(role, "init", `--${role}`, name);
    await by.done(role, "admit", join(by.home, `${role}s`, name, "card.json"));
    keys.set(name, await by.done(role, "key", `--${role}`, name));
  };
  await Promise.all([...providers.map((name) => admit("provider", name)), admit("broker", "core")]);
  return keys;
}

/** A collaboration as its first participant, the sender, would write it down. */
export function collaborationText(
  id: string,
  participants: readonly Participant[],
  keys: ReadonlyMap<string, string>,
): string {
  const parts = participants.map(
    ({ name, dataset, columns }) => `  - id: ${name}
    key: ${keys.get(name) ?? ""}
    dataset: ${dataset}
    identifier: { source: id, normalisation: [trim, digits] }
    columns:
${columns.map((line) => `      - ${line}`).join("\n")}
    limits: { records: 1000, changesPerDay: 4000 }`,
  );
  return `type: pavilion/collaboration
id: ${id}
version: 1
previous: null
population: townspeople
referenceDate: "2020-01-01"
purposes: [planning]
legalBases: [consent]
matching: { sender: ${participants[0]?.name ?? ""}, epoch: 1, partitions: 2 }
providers:
${parts.join("\n")}
budget: { epsilonPerQuestion: "8" }
minimumGroup: 5
brokers:
  - { id: core, key: ${keys.get("core") ?? ""}, tenants: [council] }
`;
}
