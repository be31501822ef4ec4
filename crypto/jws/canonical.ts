/**
 * RFC 8785, JSON Canonicalization Scheme: the one byte string that stands for a JSON document, which is what gets
 * signed and digested.
 *
 * Promises: equal documents give equal bytes whatever the order of their members; a value that JSON cannot carry is
 * refused instead of being dropped or turned into null, so that nobody signs less than they see.
 * Does not: parse, check a schema, or notice integers that lost precision before they arrived here (I-JSON's 2^53).
 */
import { createHash } from "node:crypto";
import canonicalize from "canonicalize";
import { CryptoError } from "../errors.ts";

/** Deepest nesting that is accepted; also what ends the walk over a value that contains itself. */
const DEPTH_MAX = 128;

/**
 * The RFC 8785 bytes (UTF-8) of a document made of null, booleans, finite numbers, well-formed strings, arrays and
 * plain objects. Throws CryptoError CANONICAL_NOT_JSON for anything else, or above 128 levels of nesting.
 */
export function canonicalBytes(document: unknown): Uint8Array {
  refuseNonJson(document, 0);
  const text = canonicalize(document);
  if (text === undefined) throw notJson("the document has no JSON form");
  return new TextEncoder().encode(text);
}

/** Lowercase hexadecimal SHA-256 of the canonical bytes. Throws as canonicalBytes does. */
export function digestOf(document: unknown): string {
  return createHash("sha256").update(canonicalBytes(document)).digest("hex");
}

function refuseNonJson(value: unknown, depth: number): void {
  if (value === null || typeof value === "boolean") return;
  if (typeof value === "string") {
    refuseLoneSurrogate(value);
  } else if (typeof value === "number") {
    if (!Number.isFinite(value)) throw notJson("a number is not finite");
  } else if (typeof value === "object") {
    if (depth >= DEPTH_MAX) throw notJson("the document is nested too deeply or contains itself");
    refuseNonJsonMembers(value, depth + 1);
  } else {
    throw notJson(`a value is of type ${typeof value}`);
  }
}

function refuseNonJsonMembers(value: object, depth: number): void {
  if (Array.isArray(value)) {
    // The iteration visits holes as undefined, which is refused.
    for (const element of value as unknown[]) refuseNonJson(element, depth);
    if (Object.keys(value).length !== value.length) throw notJson("an array has named members");
    return;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) throw notJson("an object is not a plain one");
  if (Object.getOwnPropertySymbols(value).length > 0) throw notJson("a member's name is a symbol");
  for (const [name, member] of Object.entries(value)) {
    refuseLoneSurrogate(name);
    refuseNonJson(member, depth);
  }
}

function refuseLoneSurrogate(text: string): void {
  if (!text.isWellFormed()) throw notJson("a string has a lone surrogate");
}

function notJson(reason: string): CryptoError {
  return new CryptoError("CANONICAL_NOT_JSON", `Cannot canonicalize: ${reason}.`);
}
