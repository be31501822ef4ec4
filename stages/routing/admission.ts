/**
 * Whether a verified request may be asked here and now: its tenant, its home, its times. It has one home, the one that it
 * names: no other one ends it.
 */
import { homeOf, type PopulationTable } from "../../domain/terms/home.ts";
import { PavilionError } from "../../errors/errors.ts";
import type { Collaboration } from "../../schemas/json/collaboration.ts";
import type { Fault, VerifiedRequest } from "./verification.ts";

/** How far apart the asker's clock and the broker's may lie, in milliseconds. */
const SKEW_MAX_MS = 5 * 60_000;

/** Whether the request is another home's to decide, whatever it is. */
export const isElsewheres = ({ read }: VerifiedRequest, region: string): boolean =>
  read.document.home !== region;

/** The first fault of tenant, version, home, clock and deadline, in that order. `time` is the event's. */
export function faultOf(
  verified: VerifiedRequest,
  here: { readonly region: string; readonly populations: PopulationTable },
  time: number,
): Fault | undefined {
  const { read, collaboration, broker } = verified;
  if (!broker.tenants.includes(read.document.tenant)) {
    return { code: "UNKNOWN_TENANT", detail: "The broker may not ask for this tenant." };
  }
  if (read.document.collaborationVersion !== collaboration.version) {
    const detail = `The request does not name the collaboration's latest version, which is ${String(collaboration.version)}.`;
    return { code: "STALE_COLLABORATION", detail };
  }
  const elsewhere = homeFault(collaboration, here);
  if (elsewhere !== undefined) return elsewhere;
  if (Math.abs(read.issuedAt - time) > SKEW_MAX_MS) {
    return {
      code: "CLOCK_SKEW",
      detail: "The request was issued more than five minutes before or after the region's time.",
    };
  }
  if (read.deadline < time) {
    return { code: "DEADLINE_PASSED", detail: "The request arrived after its own deadline." };
  }
  return undefined;
}

function homeFault(
  collaboration: Collaboration,
  { region, populations }: { readonly region: string; readonly populations: PopulationTable },
): Fault | undefined {
  try {
    homeOf(collaboration, region, populations);
    return undefined;
  } catch (error) {
    if (!(error instanceof PavilionError)) throw error;
    return { code: error.code, detail: error.message };
  }
}
