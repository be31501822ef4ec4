/**
 * What a schema finds at fault in a document that a person wrote, in words for that person: where it stands, what is
 * there, what may stand there. Names of members are quoted, and texts where one of a few is wanted, so these words go to
 * nobody but the author; no other value is, for it may be somebody's secret. What outsiders are told is in validate.ts.
 */
import type { ErrorObject } from "ajv";

const QUOTED_MAX = 40;

/** One sentence a fault, members that are missing in one place told together; in the order of the document. */
export function faultsInWords(errors: readonly ErrorObject[]): string[] {
  const lacking = new Map<string, string[]>();
  const told: { readonly at: string; readonly words: () => string }[] = [];
  for (const error of errors) {
    const { instancePath: at, keyword, params } = error;
    if (keyword === "oneOf") continue; // what it is of the several kinds is judged by itself
    if (keyword !== "required") {
      told.push({ at, words: () => wordsOf(error) });
      continue;
    }
    const members = lacking.get(at) ?? [];
    if (members.length === 0) told.push({ at, words: () => `${place(at)} lacks ${listed(members)}` });
    lacking.set(at, members);
    members.push(String((params as { missingProperty: unknown }).missingProperty));
  }
  return told.map(({ words }) => words());
}

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly oneOf?: readonly Schema[];
  readonly description?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly pattern?: string;
}

function wordsOf({ instancePath, keyword, params, data, message = "", parentSchema }: ErrorObject): string {
  const schema = (parentSchema ?? {}) as Schema;
  const where = place(instancePath);
  switch (keyword) {
    case "additionalProperties": {
      const { additionalProperty } = params as { readonly additionalProperty: string };
      const known = Object.keys(schema.properties ?? {});
      return `${where} has an unknown member ${quoted(additionalProperty)}${meant(additionalProperty, known)}`;
    }
    case "discriminator": {
      const { tag, tagValue } = params as { readonly tag: string; readonly tagValue: unknown };
      const allowed = (schema.oneOf ?? []).flatMap((one) => {
        const [, member] = Object.entries(one.properties ?? {}).find(([name]) => name === tag) ?? [];
        return (member?.enum ?? [member?.const]).map(String);
      });
      return `${place(`${instancePath}/${tag}`)} ${given(tagValue, allowed)}`;
    }
    case "enum":
      return `${where} ${given(data, (params as { readonly allowedValues: readonly unknown[] }).allowedValues.map(String))}`;
    case "const":
      return `${where} ${given(data, [String((params as { readonly allowedValue: unknown }).allowedValue)])}`;
    case "type":
      return `${where} is ${kindOf(data)}; it takes ${typeNames((params as { readonly type: string | string[] }).type)}`;
    case "pattern":
      return `${where} ${data === "" ? "is empty; it takes this" : "does not have this form"}: ${formOf(schema)}`;
    default:
      return `${where} ${message}`;
  }
}

/** What patterns mean of which descriptions say only what the member is for. */
const forms: ReadonlyMap<string, string> = new Map([
  ["^[a-z][a-z0-9-]{1,62}$", "2 to 63 lower-case letters, digits and dashes, a letter first"],
  ["^[A-Z]{2,8}$", "2 to 8 capital letters, such as EU"],
  ["^[0-9]{4}-[0-9]{2}-[0-9]{2}$", "as in 2026-03-31"],
  ["^[1-9][0-9]{0,8}(/[1-9][0-9]{0,8})?$", "an exact fraction above zero, such as 10 or 5/2"],
  ["^(0|[1-9][0-9]{0,8}(/[1-9][0-9]{0,8})?)$", "an exact fraction such as 10 or 5/2"],
  ["^[1-9][0-9]{0,8}/[1-9][0-9]{0,29}$", "an exact fraction above zero, such as 1/1000000000"],
  ["^(0|[1-9][0-9]{0,8}/[1-9][0-9]{0,29})$", "an exact fraction such as 1/1000000000"],
]);

function formOf({ description = "another text.", pattern = "" }: Schema): string {
  const what = description.replace(/\.$/, "");
  const form = what.includes(" such as ") ? undefined : forms.get(pattern);
  return form === undefined ? what : `${what} (${form})`;
}

const given = (value: unknown, allowed: readonly string[]): string =>
  `${value === undefined ? "is missing" : `is ${quoted(value)}`}; it may be ${listed(allowed, "or")}${meant(value, allowed)}`;

/** `providers, no. 1, columns, no. 2, kind`: counted from one, as people do. */
function place(pointer: string): string {
  const steps = pointer.split("/").slice(1);
  if (steps.length === 0) return "the document";
  return steps
    .map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"))
    .map((step) => (/^\d+$/.test(step) ? `no. ${String(Number(step) + 1)}` : shortened(step)))
    .join(", ");
}

function quoted(value: unknown): string {
  if (typeof value === "object" && value !== null) return kindOf(value);
  return typeof value === "string" ? JSON.stringify(shortened(value)) : shortened(String(value));
}

const shortened = (text: string): string =>
  text.length > QUOTED_MAX ? `${text.slice(0, QUOTED_MAX)}…` : text;

function listed(names: readonly string[], word = "and"): string {
  const [last = "", ...others] = [...names].reverse();
  return others.length === 0 ? last : `${others.reverse().join(", ")} ${word} ${last}`;
}

const kinds: ReadonlyMap<string, string> = new Map([
  ["string", "a text in quotes"],
  ["integer", "a whole number without quotes"],
  ["number", "a number without quotes"],
  ["boolean", "true or false without quotes"],
  ["array", "a list"],
  ["object", "a group of members"],
  ["null", "null"],
]);

const typeNames = (types: string | readonly string[]): string =>
  listed(
    [types].flat().map((type) => kinds.get(type) ?? type),
    "or",
  );

function kindOf(value: unknown): string {
  if (value === null) return "empty";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "a group of members";
  if (typeof value === "string") return "a text";
  return typeof value === "number" ? "a number" : value === true ? "true" : "false";
}

/** What was probably meant: the same letters but for capitals, dashes or two slips of the pen. */
function meant(value: unknown, known: readonly string[]): string {
  if (typeof value !== "string" || value.length > QUOTED_MAX) return "";
  const bare = (name: string): string => name.toLowerCase().replace(/[^a-z0-9]/g, "");
  const nearest = known
    .map((name) => ({ name, away: distance(bare(value), bare(name)) }))
    .sort((a, b) => a.away - b.away)
    .find(({ name, away }) => away <= Math.min(2, Math.floor(name.length / 3)));
  return nearest === undefined ? "" : ` (do you mean ${nearest.name}?)`;
}

/** Levenshtein's: how many letters are put in, left out or changed. */
function distance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (const [i, letter] of Array.from(from).entries()) {
    const next = [i + 1];
    for (const [j, other] of Array.from(to).entries()) {
      next.push(
        Math.min((next[j] ?? 0) + 1, (row[j + 1] ?? 0) + 1, (row[j] ?? 0) + (letter === other ? 0 : 1)),
      );
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
