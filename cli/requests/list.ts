/**
 * `requests list`: who asked what, when, for which purpose, at what epsilon, and what came of it. The operator sees all that
 * a region was asked; a provider what was asked over its own data, and nothing of what was answered.
 */
import { parseDocument } from "../../schemas/reading/validate.ts";
import type { Question } from "../../schemas/json/request.ts";
import { misuse } from "../../errors/misuse.ts";
import { momentOf } from "../moment.ts";
import { tableLines } from "../table.ts";
import { newestEnded, openDoor, type EndedRequest } from "./reading.ts";

const limitDefault = 50;

interface Given {
  readonly provider: string | undefined;
  readonly region: string | undefined;
  readonly since: string | undefined;
  readonly until: string | undefined;
  readonly limit: string | undefined;
  readonly json: boolean;
}

export async function list(asked: Given): Promise<number> {
  const limit = Number(asked.limit ?? limitDefault);
  if (!(Number.isSafeInteger(limit) && limit > 0 && limit <= 10_000)) {
    throw misuse("--limit takes a whole number from 1 to 10,000.");
  }
  const now = Date.now();
  const moment = (option: "since" | "until", otherwise: number): number => {
    const given = asked[option];
    return given === undefined ? otherwise : momentOf(`--${option}`, given, now);
  };
  const between = { since: moment("since", -Infinity), until: moment("until", Infinity) };
  const door = await openDoor(asked.provider, asked.region);
  const { entries, more } = await newestEnded(door, asked.provider, { ...between, limit });
  if (asked.json) {
    console.log(JSON.stringify({ region: door.region, requests: entries.map(described), more }));
    return 0;
  }
  for (const line of listLines(entries, more)) console.log(`  ${line}`);
  return 0;
}

function listLines(entries: readonly EndedRequest[], more: boolean): string[] {
  if (entries.length === 0) return ["nothing was asked in this time"];
  const header = ["ended", "collaboration", "by", "asked", "purpose", "legal basis", "epsilon", "came to"];
  const last = new Date(entries.at(-1)?.endedAt ?? 0).toISOString();
  return [
    ...tableLines(header, entries.map(rowOf)),
    ...(more ? [`the newest ${String(entries.length)}; for those before them add --until ${last}`] : []),
  ];
}

function rowOf({ endedAt, entry }: EndedRequest): string[] {
  const { request, document: text, status, code, epsilonSpent } = entry;
  const { question, purpose, legalBasis, epsilon, collaborationVersion } = parseDocument("request", text);
  const came =
    status === "refused"
      ? (code ?? status)
      : epsilonSpent === "0"
        ? "answered again, at no cost"
        : `answered, ε ${epsilonSpent ?? ""} spent`;
  return [
    new Date(endedAt).toISOString(),
    `${request.collaboration} ${String(collaborationVersion)}`,
    `${request.broker} for ${request.tenant}`,
    questionWords(question),
    ...[purpose, legalBasis, epsilon, came],
  ];
}

/** `count, mean of people.age by people.state`. */
export function questionWords({ measures, groupings }: Question): string {
  const column = ({ dataset, column: name }: { dataset: string; column: string }): string =>
    `${dataset}.${name}`;
  const asked = measures.map((measure) =>
    "of" in measure ? `${measure.kind} of ${column(measure.of)}` : measure.kind,
  );
  const by = groupings.map((grouping) =>
    typeof grouping.by === "string" ? grouping.by : column(grouping.by),
  );
  return `${asked.join(", ")} by ${by.join(", ")}`;
}

/** For programs: the document as it was signed, with all that it says. */
function described({ endedAt, entry }: EndedRequest): Record<string, unknown> {
  const { request, document, status, code, epsilonSpent } = entry;
  return {
    endedAt: new Date(endedAt).toISOString(),
    requestDigest: request.digest,
    asked: parseDocument("request", document),
    ...{ status, code, epsilonSpent },
  };
}
