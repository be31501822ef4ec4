/**
 * The node:test reporter that runs inside each test file's process and writes one JSON line per result to file
 * descriptor 3. Only leaves count: a test with subtests stands for them, and a suite for nothing, unless it fails on
 * its own account (in a hook, say). Lines are written at once, so that a process that dies later has still reported
 * what it had finished; the closing line says that the file ran to its end.
 */
import { writeSync } from "node:fs";
import { inspect } from "node:util";
import type { TestEvent } from "node:test/reporters";

export type Line =
  | { readonly kind: "passed" | "skipped"; readonly name: string }
  | { readonly kind: "failed"; readonly name: string; readonly at: string; readonly error: string }
  | { readonly kind: "end" };

const resultsDescriptor = 3;

type Result = Extract<TestEvent, { type: "test:pass" | "test:fail" }>;

export default async function* report(source: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const path: string[] = [];
  /** At each nesting, whether a result has come in since the parent began. */
  const hasResults: boolean[] = [];
  for await (const event of source) {
    if (event.type === "test:start") {
      path.length = event.data.nesting;
      path.push(event.data.name);
    } else if (event.type === "test:pass" || event.type === "test:fail") {
      const { nesting } = event.data;
      const line = judge(event, path.slice(0, nesting), hasResults[nesting + 1] === true);
      hasResults.length = nesting + 1;
      hasResults[nesting] = true;
      if (line !== undefined) put(line);
    } else if (event.type === "test:summary") {
      put({ kind: "end" });
    }
  }
  yield "";
}

function put(line: Line): void {
  writeSync(resultsDescriptor, `${JSON.stringify(line)}\n`);
}

function judge(event: Result, parents: readonly string[], hasChildren: boolean): Line | undefined {
  const { data } = event;
  const name = [...parents, data.name].join(" > ");
  const isSet = (mark: string | boolean | undefined): boolean => mark !== undefined && mark !== false;
  if (isSet(data.skip) || isSet(data.todo)) return hasChildren ? undefined : { kind: "skipped", name };
  if (event.type === "test:fail") {
    const error: unknown = event.data.details.error;
    if (hasChildren && member(error, "failureType") === "subtestsFailed") return undefined;
    const at = data.file === undefined ? "" : `${data.file}:${String(data.line ?? 0)}`;
    return { kind: "failed", name, at, error: describe(error) };
  }
  return hasChildren || data.details.type === "suite" ? undefined : { kind: "passed", name };
}

/** The thrown value behind node:test's wrapper, with its stack. */
function describe(error: unknown): string {
  const cause = member(error, "cause") ?? error;
  return cause instanceof Error ? inspect(cause) : typeof cause === "string" ? cause : inspect(cause);
}

function member(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? (Reflect.get(value, name) as unknown) : undefined;
}
