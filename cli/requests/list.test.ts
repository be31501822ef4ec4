import assert from "node:assert/strict";
import { test } from "node:test";
import { request } from "../../test/stage-question.ts";
import { momentOf } from "../moment.ts";
import { questionWords } from "./list.ts";

test("a question is told by what it measures and groups by", () => {
  assert.equal(questionWords(request.question), "count, mean of people.age by total, people.state");
});

test("a moment is a date or how long ago it was, and nothing else", () => {
  const now = Date.parse("2026-03-01T10:00:00.000Z");
  assert.equal(momentOf("--since", "90m", now), now - 90 * 60_000);
  assert.equal(momentOf("--since", "2026-02-01", now), Date.parse("2026-02-01"));
  for (const text of ["", "yesterday", "1w", "-5m", "2026-13-45", "1.5h"])
    assert.throws(() => momentOf("--since", text, now), { code: "CONFIG_INVALID" });
});
