/**
 * JSON texts in which each object names each member once. A parser keeps the last of two; another might keep the
 * first, and so read another document than was checked.
 */
import { deviates } from "./checklist.ts";

/** The text, once it is JSON without doubled members. */
export function requireDistinctMembers(text: string): string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    deviates("It is not JSON.");
  }
  if (membersWritten(text) !== membersKept(value)) deviates("An object names a member twice.");
  return text;
}

/** Strings that a colon follows, in a text that is JSON. */
function membersWritten(text: string): number {
  let count = 0;
  for (let start = text.indexOf('"'); start >= 0;) {
    const end = endOfString(text, start);
    if (text[afterSpace(text, end)] === ":") count++;
    start = text.indexOf('"', end);
  }
  return count;
}

function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && text[at] !== '"') at += text[at] === "\\" ? 2 : 1;
  return at + 1;
}

function afterSpace(text: string, start: number): number {
  let at = start;
  while (at < text.length && " \t\n\r".includes(text.charAt(at))) at++;
  return at;
}

function membersKept(value: unknown): number {
  let count = 0;
  const left = [value];
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    if (typeof next !== "object" || next === null) continue;
    const members: unknown[] = Object.values(next);
    if (!Array.isArray(next)) count += members.length;
    for (const member of members) left.push(member);
  }
  return count;
}
