/**
 * What is told of a request once it has ended, for the operator's list and the lists of the providers whose data it was
 * about: who asked what, for which purpose, at what epsilon, and whether it was answered. Never an answer, never a count.
 *
 * A request's end and its document come on topics that meet in no order: whichever comes last is what it is told with.
 */
import type { CollaborationTable } from "../../domain/terms/collaboration.ts";
import { parseDocument } from "../../schemas/reading/validate.ts";
import { output, type Output } from "../../runtime/contract/stage.ts";
import { Table, type Change, type StateView } from "../../runtime/contract/state.ts";
import type { RequestEntry, RequestRef, Result } from "../../schemas/avro/index.ts";

export type Ended = Pick<RequestEntry, "status" | "code" | "epsilonSpent">;

interface Unlisted {
  readonly ended: Ended;
  readonly until: number;
}

/** By digest, until its document comes or the time to forget it. */
export const UNLISTED = new Table<Unlisted>("unlisted", ({ until }) => until);

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

export const noteUnlisted = (digest: string, ended: Ended, until: number): Change =>
  UNLISTED.put(digest, { ended, until });

/** How a request ended that waits for its document. */
export const unlistedEnd = (digest: string, state: StateView): Ended | undefined =>
  UNLISTED.get(state, digest)?.ended;

export const forgetUnlisted = (digest: string): Change => UNLISTED.remove(digest);
