/**
 * Which of a region's terms a party is to read: those that name it, and what it needs to check them.
 */
import type { CollaborationVersions } from "../../documents/collaboration-versions.ts";
import type { CollaborationEntry } from "../../schemas/avro/index.ts";
import type { Collaboration } from "../../schemas/json/collaboration.ts";

/** Somebody whom terms name. */
export interface Named {
  readonly role: "provider" | "broker";
  readonly id: string;
}

/** Everybody whom a collaboration names. */
export const namedIn = ({ providers, brokers }: Collaboration): Named[] => [
  ...providers.map(({ id }): Named => ({ role: "provider", id })),
  ...brokers.map(({ id }): Named => ({ role: "broker", id })),
];

/**
 * The entries that a party is to read, oldest first: of each collaboration that has ever named it every version from the
 * first one, since a version is checked against those before it, to the last one that names it, and the one after that,
 * in which it is gone.
 */
export function termsOf(party: Named, collaborations: CollaborationVersions): CollaborationEntry[] {
  return collaborations.ids.flatMap((id) => {
    const versions = collaborations.versionsOf(id);
    const last = versions.findLastIndex((version) => isNamed(party, version));
    return versions
      .slice(0, last < 0 ? 0 : last + 2)
      .flatMap(({ version }) => collaborations.entryOf(id, version) ?? []);
  });
}

const isNamed = ({ role, id }: Named, { providers, brokers }: Collaboration): boolean =>
  (role === "provider" ? providers : brokers).some((one) => one.id === id);
