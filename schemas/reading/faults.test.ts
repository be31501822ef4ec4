import assert from "node:assert/strict";
import { test } from "node:test";
import { PavilionError } from "../../errors/errors.ts";
import { collaborationOf } from "../../test/agent-messages.ts";
import { request } from "../../test/stage-question.ts";
import { validateOwn, type DocumentKind } from "./validate.ts";

function refusalOf(kind: DocumentKind, document: unknown): string {
  try {
    validateOwn(kind, document, "mine.json");
  } catch (error) {
    assert.ok(error instanceof PavilionError);
    assert.equal(error.code, "DOCUMENT_INVALID");
    assert.match(error.message, new RegExp(`^mine\\.json is not yet a ${kind}: `));
    return error.message.replace(/^[^:]*: /, "");
  }
  return assert.fail("the document was taken");
}

const [first, second] = collaborationOf().providers;
const withColumn = (column: object): object => ({
  ...collaborationOf(),
  providers: [{ ...first, columns: [column] }, second],
});
const weight = { name: "weight", source: "w", transform: "none", lower: 0, upper: 9, nullable: false };

test("what is as it should be is taken", () => {
  assert.equal(validateOwn("request", request, "mine.json"), request);
  validateOwn("collaboration", collaborationOf(), "mine.json");
});

test("every member that is missing is told at once", () => {
  const { broker: _, tenant: __, epsilon: ___, ...rest } = request;
  assert.equal(refusalOf("request", rest), "the document lacks broker, tenant and epsilon.");
});

test("a kind is told with what was given, what may stand there, and what was meant", () => {
  const place = "providers, no. 1, columns, no. 1, kind";
  assert.equal(
    refusalOf("collaboration", withColumn({ ...weight, kind: "decimal" })),
    `${place} is "decimal"; it may be integer, flag, category, squares or bins.`,
  );
  assert.match(
    refusalOf("collaboration", withColumn({ ...weight, kind: "Interger" })),
    / is "Interger"; .* \(do you mean integer\?\)\.$/,
  );
  assert.match(refusalOf("collaboration", withColumn(weight)), /, kind is missing; it may be integer, /);
  const measures = [{ kind: "average", of: { dataset: "people", column: "age" } }];
  assert.match(
    refusalOf("request", { ...request, question: { ...request.question, measures } }),
    /^question, measures, no\. 1, kind is "average"; it may be count, mean, sum or variance/,
  );
});

test("a member that is misspelt is told with the one that was meant", () => {
  const { minimumGroup, ...rest } = collaborationOf();
  assert.equal(
    refusalOf("collaboration", { ...rest, "minimum-group": minimumGroup }),
    'the document lacks minimumGroup; the document has an unknown member "minimum-group" (do you mean minimumGroup?).',
  );
});

test("a value of the wrong type or form is told in words", () => {
  assert.equal(
    refusalOf("collaboration", { ...collaborationOf(), minimumGroup: "20" }),
    "minimumGroup is a text; it takes a whole number without quotes.",
  );
  assert.match(
    refusalOf("request", { ...request, epsilon: 0.5 }),
    /^epsilon is a number; it takes a text in quotes\.$/,
  );
  assert.match(
    refusalOf("request", { ...request, epsilon: "0,5" }),
    /^epsilon does not have this form: .*exact fraction such as 1 or 1\/2/,
  );
});

test("of a member with a form of its own the form is told, and that it is empty", () => {
  const amended = {
    ...collaborationOf(),
    id: "x",
    referenceDate: "31.12.2020",
    budget: { epsilonPerQuestion: "" },
  };
  const refusal = refusalOf("collaboration", amended);
  assert.match(refusal, /id does not have this form: [^;]*2 to 63 lower-case letters, digits and dashes/);
  assert.match(refusal, /referenceDate does not have this form: [^;]*as in 2026-03-31/);
  assert.match(refusal, /epsilonPerQuestion is empty; it takes this: [^;]*such as 10 or 5\/2/);
});

test("a value that may be anything is not quoted", () => {
  for (const document of [
    { ...request, epsilon: "planted" },
    { ...request, tenant: "Planted" },
    { ...request, deadlineSeconds: "planted" },
    { ...request, region: { planted: 1 } },
  ]) {
    assert.doesNotMatch(refusalOf("request", document), /planted/i);
  }
});

test("what is quoted stays short", () => {
  const long = "x".repeat(100_000);
  for (const document of [
    { ...request, [long]: 1 },
    { ...request, epsilon: long },
    { ...request, question: { ...request.question, measures: [{ kind: long }] } },
  ]) {
    assert.ok(refusalOf("request", document).length < 1_000);
  }
});
