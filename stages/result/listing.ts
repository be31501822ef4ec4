/**
 * What is told of a request once it has ended, for the operator's list and the lists of the providers whose data it was
 * about: who asked what, for which purpose, at what epsilon, and whether it was answered. Never an answer, never a count.
 *
 * A request's end and its document come on topics that meet in no order: whichever comes last is what it is told with.
 */
import type { CollaborationTable } from "../../domain/terms/collaboration.ts";
import { parseDocument } from "../../schemas/reading/validate.ts";
import { output, type Change, type Output, type StateView } from "../../runtime/contract/stage.ts";
import type { RequestEntry, RequestRef, Result } from "../../schemas/avro/index.ts";

/** `unlisted`: digest → how it ended and when that is forgotten, until its document comes. */
const UNLISTED = "unlisted";

export type Ended = Pick<RequestEntry, "status" | "code" | "epsilonSpent">;

interface Unlisted {
  readonly ended: Ended;
  readonly until: number;
}

export interface ListingPorts {
  readonly collaborations: CollaborationTable;
  /** Whether the provider has topics of its own here, and stands. */
  readonly isAdmitted: (provider: string) => boolean;
}

export const endOf = ({ answer, code }: Result): Ended =>
  answer === null
    ? { status: "refused", code, epsilonSpent: null }
    : { status: "answered", code: null, epsilonSpent: answer.epsilonSpent };

/** Tells the operator, and each provider of the terms that were asked under. */
export function listed(request: RequestRef, document: string, ended: Ended, ports: ListingPorts): Output[] {
  const entry: RequestEntry = { request, document, ...ended };
  const key = request.requestId;
  return [
    output("requests.ended", "RequestEntry", entry, { key }),
    ...providersOf(document, ports)
      .filter(ports.isAdmitted)
      .map((owner) => output("provider.requests.<provider>", "RequestEntry", entry, { key, owner })),
  ];
}

/** Where the version that was named does not exist, the latest one's. */
function providersOf(text: string, { collaborations }: ListingPorts): string[] {
  const { collaboration: id, collaborationVersion: version } = parseDocument("request", text);
  const terms = collaborations.at(id, version) ?? collaborations.latest(id);
  return terms?.providers.map((provider) => provider.id) ?? [];
}

export const noteUnlisted = (digest: string, ended: Ended, until: number): Change => ({
  table: UNLISTED,
  key: digest,
  value: { ended, until } satisfies Unlisted,
});

/** How a request ended that waits for its document. */
export const unlistedEnd = (digest: string, state: StateView): Ended | undefined =>
  (state.get(UNLISTED, digest) as Unlisted | undefined)?.ended;

export const forgetUnlisted = (digest: string): Change => ({
  table: UNLISTED,
  key: digest,
  value: undefined,
});

/** Ends whose documents have not come until the time that was set. */
export function pruneUnlisted(state: StateView, time: number): Change[] {
  return [...state.entries(UNLISTED)]
    .filter(([, value]) => (value as Unlisted).until < time)
    .map(([digest]) => forgetUnlisted(digest));
}
