import assert from "node:assert/strict";
import { parseArgs } from "node:util";
import { test } from "node:test";
import { pushCommandOf, pushOptions, type PushCommand } from "./push-command.ts";

function parsed(...args: string[]): PushCommand {
  const { values, positionals } = parseArgs({ args, options: pushOptions, allowPositionals: true });
  return pushCommandOf(values, positionals, (message) => new Error(message));
}

const care = ["--collaboration", "care"];

test("a file is pushed, or tried, within the shares that are declared", () => {
  assert.deepEqual(parsed(...care, "people.csv"), {
    does: "push",
    collaboration: "care",
    file: "people.csv",
    shares: { leftOut: 0.1, emptied: 0.5 },
    timeoutMs: 300_000,
    wait: false,
  });
  const tried = parsed(...care, "--dry-run", "--left-out-max", "25%", "--emptied-max", "100 %", "people.csv");
  assert.deepEqual([tried.does, tried.shares], ["try", { leftOut: 0.25, emptied: 1 }]);
});

test("an interrupted push is finished or given up without a file", () => {
  assert.equal(parsed(...care, "--resume").does, "resume");
  assert.equal(parsed(...care, "--discard", "--wait").does, "discard");
});

test("what is not clear is refused", () => {
  const refused: [string[], RegExp][] = [
    [["people.csv"], /Name the collaboration/],
    [[...care], /Give one file/],
    [[...care, "a.csv", "b.csv"], /Give one file/],
    [[...care, "--resume", "a.csv"], /take no file/],
    [[...care, "--resume", "--discard"], /only one of/],
    [[...care, "--dry-run", "--discard"], /only one of/],
    [[...care, "--timeout", "soon", "a.csv"], /seconds/],
    ...["0.25", "25", "101%", "-1%", "%", "1e1%"].map((share): [string[], RegExp] => [
      [...care, `--left-out-max=${share}`, "a.csv"],
      /a share such as 25%/,
    ]),
  ];
  for (const [args, message] of refused) assert.throws(() => parsed(...args), message);
});
