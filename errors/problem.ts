/**
 * Problem details for HTTP (RFC 9457). Whoever calls is told of what is meant for callers alone: a failure that the
 * operator is told of names parts, files and addresses, so a caller learns that the region is away or failed, and no more.
 */
import type { Audience } from "./area.ts";
import { failureOf, PavilionError, type ErrorCode } from "./errors.ts";

export interface Problem {
  /** The code as a URN: it names the kind of problem, and is not there to be opened. */
  readonly type: string;
  /** The code in words, the same every time. */
  readonly title: string;
  readonly status: number;
  /** What was wrong this time. */
  readonly detail: string;
  readonly code: ErrorCode;
  /** What to do. */
  readonly remedy: string;
}

const callers: ReadonlySet<Audience> = new Set(["asker", "provider", "auditor"]);

/** What a caller is told of whatever was thrown: nothing of the message, unless its code is meant for callers. */
export function problemOf(error: unknown): Problem {
  if (!(error instanceof PavilionError)) return concealed("INTERNAL_ERROR");
  const { status, audience } = failureOf(error.code);
  if (audience.some((one) => callers.has(one))) return problem(error.code, error.message, error.remedy);
  return concealed(status === 503 ? "REGION_UNAVAILABLE" : "INTERNAL_ERROR");
}

const told = {
  INTERNAL_ERROR: "The region failed on the request.",
  REGION_UNAVAILABLE: "Something that the region needs for an answer does not respond.",
} as const;

const concealed = (code: keyof typeof told): Problem => problem(code, told[code], failureOf(code).remedy);

function problem(code: ErrorCode, detail: string, remedy: string): Problem {
  const words = code.toLowerCase().replaceAll("_", " ");
  const title = words.charAt(0).toUpperCase() + words.slice(1);
  return { type: `urn:pavilion:error:${code}`, title, status: failureOf(code).status, detail, code, remedy };
}
