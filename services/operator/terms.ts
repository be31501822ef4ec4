/**
 * Which of a region's terms a party is to read: those that name it, and what it needs to check them.
 */
import type { AnyCollaboration } from "../../domain/terms/collaboration.ts";
import { signersOf } from "../../domain/terms/population.ts";
import type { Terms } from "../clients/terms.ts";
import type { CollaborationEntry, PopulationEntry } from "../../schemas/avro/index.ts";
import type { Population } from "../../schemas/json/population.ts";

/** Somebody whom terms name. */
export interface Named {
  readonly role: "provider" | "broker";
  readonly id: string;
}

/** Everybody whom a collaboration names. */
export const namedIn = ({ providers, brokers }: AnyCollaboration): Named[] => [
  ...providers.map(({ id }): Named => ({ role: "provider", id })),
  ...brokers.map(({ id }): Named => ({ role: "broker", id })),
];

/** Everybody whom a population concerns: its providers, and whoever may ask under a collaboration over it. */
export function namedOver(id: string, { populations, collaborations }: Terms): Named[] {
  const providers = populations.chainOf(id).flatMap(({ document }) => signersOf(document));
  const over = collaborations.ids.flatMap((name) =>
    collaborations.versionsOf(name).filter(({ population }) => population === id),
  );
  return [...providers.map((one): Named => ({ role: "provider", id: one.id })), ...over.flatMap(namedIn)];
}

export interface TermsOfParty {
  readonly populations: readonly PopulationEntry[];
  readonly collaborations: readonly CollaborationEntry[];
}

/**
 * The entries that a party is to read, oldest first: of each collaboration that has ever named it every version from the
 * first one, since a version is checked against those before it, to the last one that names it, and the one after that,
 * in which it is gone. Of a population that has had a dataset of it the same; of one that only a collaboration names, all.
 */
export function termsOf(party: Named, { populations, collaborations }: Terms): TermsOfParty {
  const agreed = collaborations.ids.flatMap((id) =>
    throughLast(collaborations.versionsOf(id), (version) => isNamed(party, version)),
  );
  const named = new Set(agreed.map(({ population }) => population));
  return {
    populations: populations.ids.flatMap((id) => {
      const chain = populations.chainOf(id);
      const own = throughLast(chain, ({ document }) => isOwner(party, document));
      return (own.length === 0 && named.has(id) ? chain : own).map(({ entry }) => entry);
    }),
    collaborations: agreed.flatMap(({ id, version }) => collaborations.entryOf(id, version) ?? []),
  };
}

/** Of versions in order, those through the last one that holds, and the one after it; none where none holds. */
function throughLast<T>(versions: readonly T[], holds: (version: T) => boolean): readonly T[] {
  const last = versions.findLastIndex(holds);
  return last < 0 ? [] : versions.slice(0, last + 2);
}

const isNamed = ({ role, id }: Named, { providers, brokers }: AnyCollaboration): boolean =>
  (role === "provider" ? providers : brokers).some((one) => one.id === id);

const isOwner = ({ role, id }: Named, { datasets }: Population): boolean =>
  role === "provider" && datasets.some(({ provider }) => provider === id);
