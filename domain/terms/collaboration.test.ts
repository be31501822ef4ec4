import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { base64urlnopad } from "@scure/base";
import { PavilionError } from "../../errors/errors.ts";
import type { CollaborationEntry } from "../../schemas/avro/index.ts";
import type { Collaboration, Participant } from "../../schemas/json/collaboration.ts";
import {
  collaborationAfter,
  collaborationOf,
  participant,
  PARTITIONS,
  signed,
} from "../../test/agent-messages.ts";
import { oddIds } from "../../test/odd-names.ts";
import {
  categoriesOf,
  rangeOf,
  requireConsistent,
  requireSuccessor,
  verifyCollaboration,
} from "./collaboration.ts";
import type { Column } from "../statistics/derived-columns.ts";

/** The entry as the operator publishes it; each `signers` member signs in the provider's name. */
async function entryOf(
  document: Collaboration,
  signers: Readonly<Record<string, string>> = { alpha: "alpha", beta: "beta", gamma: "gamma" },
): Promise<CollaborationEntry> {
  const { text } = await signed("collaboration", document, "alpha");
  const signatures = await Promise.all(
    Object.entries(signers).map(async ([provider, signer]) => ({
      provider,
      signature: (await signed("collaboration", document, signer)).signature,
    })),
  );
  return { id: document.id, version: document.version, document: text, signatures, departures: [] };
}

const badSignature = { code: "BAD_SIGNATURE" };
const invalid = { code: "DOCUMENT_INVALID" };

describe("an entry", () => {
  const document = collaborationOf();

  test("holds once every provider has signed it, in any order", async () => {
    const entry = await entryOf(document);
    assert.deepEqual(verifyCollaboration(entry), document);
    assert.deepEqual(verifyCollaboration({ ...entry, signatures: entry.signatures.toReversed() }), document);
  });

  test("is refused without the signature of any one provider", async () => {
    const { signatures, ...entry } = await entryOf(document);
    for (const missing of document.providers) {
      const rest = signatures.filter(({ provider }) => provider !== missing.id);
      const named = { code: "SIGNATURE_MISSING", message: new RegExp(missing.id) };
      assert.throws(() => verifyCollaboration({ ...entry, signatures: rest }), named);
    }
  });

  test("is refused with a signature by another key, or in another's name", async () => {
    const stranger = await entryOf(document, { alpha: "alpha", beta: "beta", gamma: "delta" });
    assert.throws(() => verifyCollaboration(stranger), badSignature);
    const { signatures, ...entry } = await entryOf(document);
    const [first, second] = signatures;
    assert.ok(first !== undefined && second !== undefined);
    const swapped = [{ ...first, signature: second.signature }, ...signatures.slice(1)];
    assert.throws(() => verifyCollaboration({ ...entry, signatures: swapped }), badSignature);
  });

  test("is refused when the document was altered after signing", async () => {
    const entry = await entryOf(document);
    const altered = entry.document.replace('"minimumGroup":10', '"minimumGroup":1');
    assert.notEqual(altered, entry.document);
    assert.throws(() => verifyCollaboration({ ...entry, document: altered }), badSignature);
  });

  test("is refused under another id or version than the document's", async () => {
    const entry = await entryOf(document);
    assert.throws(() => verifyCollaboration({ ...entry, id: "wealth" }), invalid);
    assert.throws(() => verifyCollaboration({ ...entry, version: 2 }), invalid);
  });

  test("is refused when a pinned key is no base64url of 32 bytes", async () => {
    const odd = { ...participant("gamma"), key: `${"A".repeat(42)}B` };
    assert.throws(() => base64urlnopad.decode(odd.key));
    const providers = [participant("alpha"), participant("beta"), odd];
    assert.throws(() => verifyCollaborationOf(providers), invalid);
    const brokers = document.brokers.map((broker) => ({ ...broker, key: odd.key }));
    const entry = await entryOf(collaborationOf({ brokers }));
    assert.throws(() => verifyCollaboration(entry), invalid);

    function verifyCollaborationOf(list: Participant[]): Collaboration {
      const text = JSON.stringify(collaborationOf({ providers: list }));
      return verifyCollaboration({
        id: "health",
        version: 1,
        document: text,
        signatures: [],
        departures: [],
      });
    }
  });
});

describe("a document is refused", () => {
  const refused = (document: Collaboration, named: RegExp): void => {
    assert.throws(
      () => {
        requireConsistent(document);
      },
      { ...invalid, message: named },
    );
  };
  const withAlpha = (alpha: Participant): Collaboration =>
    collaborationOf({ providers: [alpha, participant("beta"), participant("gamma")] });

  test("where a column's sum over its whole dataset might not be exact, whatever the data", () => {
    const { columns, ...alpha } = participant("alpha");
    const [age, ...others] = columns;
    assert.ok(age?.kind === "integer");
    const spanning = (span: number, records: number): Collaboration =>
      withAlpha({
        ...alpha,
        columns: [{ ...age, lower: -7, upper: span - 7 }, ...others],
        limits: { records, changesPerDay: 1 },
      });
    // Their product is 2^53 - 1.
    requireConsistent(spanning(441_650_591, 20_394_401));
    for (const [span, records] of [
      [2 ** 26, 2 ** 27],
      [441_650_592, 20_394_401],
      [2_000_000_000, 100_000_000],
    ] as const) {
      refused(spanning(span, records), /sum of age .*alpha-people may have is inexact: above/);
    }
    requireConsistent(spanning(2 ** 26 - 1, 2 ** 26));
  });

  test("where a provider has the name of a topic that is not its own", () => {
    for (const id of ["changelog", "dead-letter"]) {
      refused(withAlpha({ ...participant("alpha"), id }), new RegExp(`${id} cannot be a provider's name`));
    }
  });

  test("in at most a thousand characters, however many its faults", () => {
    const [alpha, ...others] = collaborationOf().providers;
    assert.ok(alpha !== undefined);
    const [age] = alpha.columns;
    assert.ok(age?.kind === "integer");
    const columns = Array.from({ length: 32 }, (_, index) => ({
      ...age,
      name: `${"a".repeat(60)}${String(index)}`,
      lower: 9,
      upper: 1,
    }));
    assert.throws(
      () => {
        requireConsistent(collaborationOf({ providers: [{ ...alpha, columns }, ...others] }));
      },
      (error: Error) => error.message.length <= 1000 && error.message.endsWith(" and 27 more."),
    );
  });
});

describe("a later version", () => {
  const first = collaborationOf();
  const matching = first.matching;
  const second = (changes: Partial<Collaboration> = {}): Collaboration => collaborationAfter(first, changes);
  const withBeta = (changes: Partial<Participant>): Partial<Collaboration> => ({
    providers: [participant("alpha"), { ...participant("beta"), ...changes }, participant("gamma")],
  });
  const columns = participant("beta").columns;
  const [age, member, state] = columns;
  assert.ok(age?.kind === "integer" && member !== undefined && state?.kind === "category");

  test("may change who asks, for what, at what price and within which limits, in the same epoch", () => {
    const limits = { records: 7, changesPerDay: 7 };
    for (const changes of [
      {},
      { purposes: ["research", "planning"], legalBases: ["law"], minimumGroup: 20 },
      { budget: { epsilonPerQuestion: "2" } },
      { brokers: first.brokers.map((broker) => ({ ...broker, tenants: ["clinic"] })) },
      withBeta({ limits, key: participant("delta").key }),
      { providers: [...first.providers, participant("delta")] },
      { providers: first.providers.slice(0, 2) },
    ]) {
      requireSuccessor(first, second(changes));
    }
  });

  test("needs a higher epoch for whatever stored data depends on, and names it", () => {
    const changed: readonly (readonly [Partial<Collaboration>, RegExp])[] = [
      [{ referenceDate: "2025-01-01" }, /referenceDate/],
      [{ matching: { ...matching, sender: "beta" } }, /matching\.sender/],
      [{ matching: { ...matching, partitions: PARTITIONS + 1 } }, /matching\.partitions/],
      [withBeta({ dataset: "beta-visits" }), /dataset of beta/],
      [withBeta({ identifier: { source: "card", normalisation: ["trim"] } }), /identifier of beta/],
      [withBeta({ identifier: { source: "id", normalisation: ["digits"] } }), /identifier of beta/],
      [withBeta({ columns: [state, member, age] }), /columns of beta/],
      [withBeta({ columns: [age, member] }), /columns of beta/],
      [withBeta({ columns: [{ ...age, upper: 121 }, member, state] }), /columns of beta/],
      [withBeta({ columns: [{ ...age, source: "born" }, member, state] }), /columns of beta/],
      [withBeta({ columns: [age, member, { ...state, domain: ["vic", "nsw"] }] }), /columns of beta/],
      [
        { providers: [participant("alpha"), { ...participant("delta"), dataset: "beta-people" }] },
        /owner of beta-people/,
      ],
      // Records are committed to under their slot's generators.
      [{ providers: first.providers.toReversed() }, /slot of alpha.*slot of gamma/],
      [{ providers: first.providers.slice(1) }, /slot of beta.*slot of gamma/],
      [{ providers: [participant("delta"), ...first.providers] }, /slot of alpha/],
    ];
    for (const [changes, named] of changed) {
      assert.throws(
        () => {
          requireSuccessor(first, second(changes));
        },
        { ...invalid, message: named },
      );
      const epoch = matching.epoch + 1;
      requireSuccessor(first, second({ ...changes, matching: { ...matching, ...changes.matching, epoch } }));
    }
  });

  test("names every member at fault at once, and no value", () => {
    const next = second({ referenceDate: "2025-01-01", ...withBeta({ dataset: "beta-visits" }) });
    assert.throws(
      () => {
        requireSuccessor(first, next);
      },
      (error: Error) =>
        /referenceDate.*dataset of beta/.test(error.message) && !error.message.includes("2025"),
    );
  });

  test("never changes the population, whatever its epoch", () => {
    const next = second({ population: "everybody", matching: { ...matching, epoch: 9 } });
    assert.throws(
      () => {
        requireSuccessor(first, next);
      },
      { ...invalid, message: /population/ },
    );
  });

  test("never lowers the epoch", () => {
    const later = second({ matching: { ...matching, epoch: 2 } });
    assert.throws(() => {
      requireSuccessor(later, collaborationAfter(later, { matching }));
    }, invalid);
  });
});

test("a column's range is its bounds, a flag's two values, or its categories' indices", () => {
  assert.deepEqual(
    participant("beta").columns.map((column, _, columns) => rangeOf(column, columns)),
    [
      { lower: 0, upper: 120, nullable: true },
      { lower: 0, upper: 1, nullable: false },
      { lower: 0, upper: 2, nullable: false },
    ],
  );
});

describe("a derived column", () => {
  const [first, ...rest] = participant("beta").columns;
  assert.ok(first?.kind === "integer");
  const squares: Column = { name: "age-squares", kind: "squares", of: "age" };
  const bins: Column = { name: "age-band", kind: "bins", of: "age", edges: [18, 65] };
  const faultOf = (column: Column, limits = participant("beta").limits): string => {
    const beta = { ...participant("beta"), columns: [first, ...rest, column], limits };
    try {
      requireConsistent(collaborationOf({ providers: [participant("alpha", limits), beta] }));
    } catch (error) {
      return error instanceof PavilionError && error.code === "DOCUMENT_INVALID" ? error.message : "a defect";
    }
    return "";
  };

  test("is of an integer column of its own dataset", () => {
    for (const column of [squares, bins]) {
      assert.equal(faultOf(column), "");
      for (const base of ["member", "state", "nothing", column.name])
        assert.match(faultOf({ ...column, of: base }), /names no integer column/);
    }
  });

  test("has edges that grow within the bounds, so that no bin is empty by itself", () => {
    for (const edges of [[1], [120], [1, 2, 3]]) assert.equal(faultOf({ ...bins, edges }), "");
    for (const edges of [[0], [-5, 3], [121], [18, 18], [65, 18]])
      assert.match(faultOf({ ...bins, edges }), /the edges of age-band have to grow/);
  });

  test("has squares of which a variance can be asked: the sum over a full dataset and its noise stay exact", () => {
    // 4 statistics at ε = 1 make a scale of 4 · 120², whose noise keeps to some 70 times that.
    const least = Math.floor(Number.MAX_SAFE_INTEGER / 120 ** 2);
    assert.equal(faultOf(squares, { records: least - 300, changesPerDay: 1 }), "");
    for (const records of [least - 200, least + 1]) {
      assert.match(faultOf(squares, { records, changesPerDay: 1 }), /age-squares .* for a variance/);
    }
  });

  test("is checked for as many people as the smallest dataset may have, since no more can match", () => {
    const beta = {
      ...participant("beta", { records: 100_000_000, changesPerDay: 1 }),
      columns: [{ ...first, upper: 30_000 }, squares],
    };
    requireConsistent(collaborationOf({ providers: [participant("alpha"), beta] }));
  });

  test("is checked for a limit of any size, and beside bounds that are faulty themselves", () => {
    const beta = { ...participant("beta"), columns: [first, squares] };
    const budget = { ...collaborationOf().budget, epsilonPerQuestion: "999999999" };
    requireConsistent(collaborationOf({ providers: [participant("alpha"), beta], budget }));
    const unordered = { ...beta, columns: [{ ...first, upper: first.lower }, squares, bins] };
    assert.throws(() => {
      requireConsistent(collaborationOf({ providers: [participant("alpha"), unordered] }));
    }, /bounds of age are not ordered/);
  });

  test("ranges over squares from 0, or over its bins, and always has a value", () => {
    const columns = [first, squares, bins];
    assert.deepEqual(rangeOf(squares, columns), { lower: 0, upper: 14_400, nullable: false });
    assert.deepEqual(rangeOf(bins, columns), { lower: 0, upper: 3, nullable: false });
    assert.deepEqual(categoriesOf(bins, columns), ["0 to 17", "18 to 64", "65 to 120", "absent"]);
    const never = [{ ...first, nullable: false }, bins];
    assert.deepEqual(categoriesOf(bins, never), ["0 to 17", "18 to 64", "65 to 120"]);
    assert.equal(categoriesOf(squares, columns), undefined);
  });
});

test("a collaboration holds whatever those are called that it names, and needs each one's signature", async () => {
  const [id, population, sender, ...others] = oddIds;
  const providers = [sender, ...others].map((name) => ({ ...participant(name), dataset: name }));
  const matching = { sender, epoch: 1, partitions: PARTITIONS };
  const document = collaborationOf({ id, population, matching, providers });
  const entry = await entryOf(document, Object.fromEntries(providers.map((one) => [one.id, one.id])));
  assert.deepEqual(verifyCollaboration(entry), document);
  for (const signature of entry.signatures) {
    const signatures = entry.signatures.filter((one) => one !== signature);
    assert.throws(() => verifyCollaboration({ ...entry, signatures }), { code: "SIGNATURE_MISSING" });
  }
});
