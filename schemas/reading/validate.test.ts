import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { PavilionError } from "../../errors/errors.ts";
import { collaborationOf } from "../../test/agent-messages.ts";
import { request } from "../../test/stage-question.ts";
import { parseDocument, validateDocument, type DocumentKind } from "./validate.ts";

function refusalOf(kind: DocumentKind, document: unknown): string {
  try {
    validateDocument(kind, document);
  } catch (error) {
    assert.ok(error instanceof PavilionError);
    assert.equal(error.code, "DOCUMENT_INVALID");
    return error.message;
  }
  return assert.fail("the document was taken");
}

const MESSAGE_MAX = 1000;

describe("a refusal stays short", () => {
  test("however many members of a collaboration are at fault: five, and how many more", () => {
    const { providers } = collaborationOf();
    const [first] = providers;
    assert.ok(first !== undefined);
    const columns = Array.from({ length: 32 }, () => ({ kind: "integer" }));
    const message = refusalOf("collaboration", {
      ...collaborationOf(),
      providers: Array.from({ length: 16 }, () => ({ ...first, columns })),
    });
    assert.ok(message.length <= MESSAGE_MAX, String(message.length));
    assert.match(message, / and [0-9]+ more\.$/);
    assert.equal(message.split("; ").length, 5);
  });

  test("for a document of the wire, after its first fault, however long its lists", () => {
    const measures = Array.from({ length: 20_000 }, () => ({}));
    const message = refusalOf("request", { ...request, question: { ...request.question, measures } });
    assert.ok(message.length <= MESSAGE_MAX, String(message.length));
    assert.match(message, /^[^;]*\/question\/measures must NOT have more than 8 items\.$/);
  });

  test("and names no unknown member, whose name the author chose", () => {
    for (const name of ["x".repeat(100_000), "planted"]) {
      for (const kind of ["request", "collaboration"] as const) {
        const valid = kind === "request" ? request : collaborationOf();
        const message = refusalOf(kind, { ...valid, [name]: { [name]: 1 } });
        assert.ok(message.length <= MESSAGE_MAX, String(message.length));
        assert.ok(!message.includes(name));
      }
    }
  });
});

test("a refusal lists every fault of a collaboration where there are few", () => {
  const message = refusalOf("collaboration", { ...collaborationOf(), minimumGroup: -1, referenceDate: "" });
  assert.match(message, /\/referenceDate .*; \/minimumGroup |\/minimumGroup .*; \/referenceDate /);
  assert.doesNotMatch(message, /more\.$/);
});

test("a column or measure is judged as the kind that it says it is", () => {
  const [first, second] = collaborationOf().providers;
  assert.ok(first && second);
  const faultsOf = (column: object): string =>
    refusalOf("collaboration", {
      ...collaborationOf(),
      providers: [{ ...first, columns: [column] }, second],
    }).replace(/^[^:]*: /, "");
  const place = "/providers/0/columns/0";
  const weight = { name: "weight", kind: "integer", source: "w", lower: 0, upper: 9, nullable: false };
  assert.equal(faultsOf(weight), `${place} must have required property 'transform'.`);
  assert.match(
    faultsOf({ name: "age_squares", kind: "squares", of: "age" }),
    /^\S+\/name must match pattern/,
  );
  assert.match(faultsOf({ ...weight, kind: "decimal" }), /value of tag "kind" must be in oneOf/);
  const measures = [{ kind: "median", of: { dataset: "people", column: "age" } }];
  assert.match(refusalOf("request", { ...request, question: { ...request.question, measures } }), /"kind"/);
});

test("what is one of a few values, or a pattern, is said in words", () => {
  assert.match(refusalOf("request", { ...request, epsilon: "0.5" }), /exact fraction such as 1 or 1\/2\)\.$/);
  const [first, second] = collaborationOf().providers;
  const identifier = { source: "id", normalisation: ["upper-case"] };
  const providers = [{ ...first, identifier }, second];
  assert.match(
    refusalOf("collaboration", { ...collaborationOf(), providers }),
    /allowed values: trim, lower-case, digits, alphanumeric\.$/,
  );
});

test("text that is no JSON is refused without a word of it", () => {
  assert.throws(
    () => parseDocument("request", "planted"),
    (error: Error) => !error.message.includes("planted"),
  );
});
