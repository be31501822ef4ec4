import assert from "node:assert/strict";
import { test } from "node:test";
import type { Participant } from "../../schemas/json/collaboration.ts";
import { collaborationOf, participant } from "../../test/agent-messages.ts";
import { collaborationWords } from "./words.ts";

test("says of every column what it holds and what may be asked for", () => {
  const alpha = participant("alpha");
  const columns: Participant["columns"] = [
    ...alpha.columns,
    { name: "age-squares", kind: "squares", of: "age" },
    { name: "age-band", kind: "bins", of: "age", edges: [18] },
  ];
  const words = collaborationWords(
    collaborationOf({ providers: [{ ...alpha, columns }, participant("beta")] }),
  );
  const wordsOf = (name: string): string =>
    (words.find((line) => line.trim().startsWith(`${name} `)) ?? "").trim().replace(/ {2,}/g, " | ");
  assert.equal(wordsOf("age"), "age | 0 to 120, or nothing | sum, mean, variance");
  assert.equal(wordsOf("member"), "member | yes or no | sum, mean");
  assert.equal(wordsOf("state"), "state | one of nsw, vic, other | groups");
  assert.equal(wordsOf("age-squares"), "age-squares | squares of age | the variance of age");
  assert.equal(
    wordsOf("age-band"),
    "age-band | one of 0 to 17, 18 to 120, absent | groups, a histogram and quantiles of age",
  );
  assert.equal(wordsOf("alpha"), "alpha with the dataset alpha-people, of at most 100 people");
});

test("says who may ask, for what and at what price", () => {
  const words = collaborationWords(collaborationOf()).join("\n").replace(/ {2,}/g, " | ");
  for (const line of ["may ask | broker for tenant", "purposes | research", "legal bases | consent"])
    assert.ok(words.includes(line), words);
  assert.match(words, /at most ε 1 a question/);
  assert.match(words, /of at least 10 people/);
});
