import assert from "node:assert/strict";
import { test } from "node:test";
import type { Collaboration } from "../../schemas/json/collaboration.ts";
import { collaborationOf, participant } from "../../test/agent-messages.ts";
import { requireConsistent } from "./collaboration.ts";

const withState = (domain: string[], other = "other"): Collaboration => {
  const alpha = participant("alpha");
  const columns = alpha.columns.map((column) =>
    column.kind === "category" ? { ...column, domain, other } : column,
  );
  return collaborationOf({ providers: [{ ...alpha, columns }, participant("beta")] });
};
const refused = (document: Collaboration, fault: RegExp): void => {
  assert.throws(
    () => {
      requireConsistent(document);
    },
    { code: "DOCUMENT_INVALID", message: fault },
  );
};

test("a collaboration that works is let through", () => {
  requireConsistent(collaborationOf());
  requireConsistent(collaborationOf({ referenceDate: "2024-02-29" }));
  requireConsistent(withState(["né", "ne"]));
});

for (const day of ["2023-02-29", "2024-13-01", "2024-00-10", "2024-04-31"]) {
  test(`the reference date ${day} is no day`, () => {
    refused(collaborationOf({ referenceDate: day }), /a day that does not exist/);
  });
}

for (const [what, ...domain] of [
  ["case", "North", "north"],
  ["white space", "north", " north "],
  ["how an accent is written", "Orl\u00e9ans", "Orle\u0301ans"],
] as const) {
  test(`two categories that are the same but for ${what} are refused`, () => {
    refused(withState([...domain]), /which are the same in a file/);
  });
}

test("a category that is what takes every other text is refused, whatever its case", () => {
  refused(withState(["north", "Other"]), /lists Other, which stands for whatever is not in it/);
});

test("a category of blanks is none", () => {
  refused(withState(["north", "  "]), /blanks alone/);
});
