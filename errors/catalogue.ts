/**
 * The catalogue of error codes: the union of all areas, in which a code stands once.
 *
 * A pipeline or stage brings codes of its own by a file in its own folder, which whoever throws them imports:
 *
 *     export const permits = { title: …, about: …, codes: { PERMIT_SPENT: … } } as const satisfies Area;
 *     declare module "../../errors/catalogue.ts" {
 *       interface Areas { readonly permits: typeof permits }
 *     }
 *     bring(permits);
 *
 * The declaration lets the types know the codes, the call lets the running program know them.
 */
import type { Area, Failure } from "./area.ts";
import { agents } from "./areas/agents.ts";
import { batches } from "./areas/batches.ts";
import { calls } from "./areas/calls.ts";
import { commands } from "./areas/commands.ts";
import { documents } from "./areas/documents.ts";
import { evidence } from "./areas/evidence.ts";
import { parts } from "./areas/parts.ts";
import { records } from "./areas/records.ts";
import { requests } from "./areas/requests.ts";
import { setup } from "./areas/setup.ts";

/** @public Pipelines and stages declare their own into it. */
export interface Areas {
  readonly requests: typeof requests;
  readonly batches: typeof batches;
  readonly agents: typeof agents;
  readonly documents: typeof documents;
  readonly records: typeof records;
  readonly parts: typeof parts;
  readonly setup: typeof setup;
  readonly commands: typeof commands;
  readonly evidence: typeof evidence;
  readonly calls: typeof calls;
}

type CodesOf<A> = A extends { readonly codes: infer Codes } ? keyof Codes & string : never;

export type ErrorCode = CodesOf<Areas[keyof Areas]>;

const areas: Area[] = [];
const failures = new Map<string, Failure>();

/** Adds an area, whole or not at all: a code that another area has already is refused. */
export function bring(area: Area): void {
  const codes = Object.entries(area.codes);
  for (const [code] of codes) {
    if (!/^[A-Z][A-Z0-9]*(_[A-Z0-9]+)+$/.test(code)) throw new Error(`${code} is no error code`);
    if (failures.has(code)) throw new Error(`two areas bring the error code ${code}`);
  }
  for (const [code, failure] of codes) failures.set(code, failure);
  areas.push(area);
}

for (const area of [requests, batches, agents, documents, records, parts, setup, commands, evidence, calls])
  bring(area);

/** Every area that was brought, in that order. */
export const catalogue = (): readonly Area[] => areas;

export const isErrorCode = (text: string): text is ErrorCode => failures.has(text);

/** The code that a text names, or the other one: texts come from logs and topics, where a later version may write. */
export const errorCodeOr = (text: string, other: ErrorCode): ErrorCode => (isErrorCode(text) ? text : other);

/** What a code means. */
export function failureOf(code: ErrorCode): Failure {
  const failure = failures.get(code);
  if (failure === undefined) throw new Error(`no area that is loaded brings the error code ${code}`);
  return failure;
}
