import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { test } from "node:test";
import type { WriteStream } from "node:tty";
import { LiveLines } from "./live-lines.ts";

/** What is written to a stream while lines are told and shown. */
function written(
  work: (lines: LiveLines) => void,
  terminal: { isTTY?: true; columns?: number } = {},
): string {
  const stream = Object.assign(new PassThrough({ encoding: "utf8" }), terminal);
  work(new LiveLines(stream as unknown as WriteStream));
  return String(stream.read() ?? "");
}

const course = (lines: LiveLines): void => {
  lines.tell("begun");
  lines.show("half of it");
  lines.show("nearly all of it");
  lines.tell("done");
  lines.show("more");
  lines.clear();
  lines.clear();
};

test("on a terminal what goes on is rewritten in place, within its width, and gives way to what stays", () => {
  assert.equal(
    written(course, { isTTY: true, columns: 12 }),
    "begun\n\r\u001b[Khalf of it\r\u001b[Knearly all \r\u001b[Kdone\n\r\u001b[Kmore\r\u001b[K",
  );
});

test("elsewhere only what stays is written", () => {
  assert.equal(written(course), "begun\ndone\n");
});
