import assert from "node:assert/strict";
import { test } from "node:test";
import { generateKeyPairSync, sign } from "node:crypto";
import { leafText, originOf } from "../domain/log/leaves.ts";
import { publicKeyText } from "../domain/terms/signatures.ts";
import { PavilionError } from "../errors/errors.ts";
import type { Trust, TrustedRegion } from "../schemas/json/trust.ts";
import { toldLog } from "../test/told-log.ts";
import { LogAudit } from "./audit.ts";
import { holds, require, type Checklist } from "./checklist.ts";
import { bundlesOf, type Kind } from "./kind.ts";
import { kinds } from "./kinds.ts";
import { verify } from "./verify.ts";

/** Evidence of notes, each of which says how many there were before it. */
interface Note {
  readonly type: string;
  readonly region: string;
  readonly before: number;
}

function readNote(document: object): Note {
  const note = document as Partial<Note>;
  if (typeof note.before === "number" && typeof note.region === "string") return note as Note;
  throw new PavilionError("DOCUMENT_INVALID", "It is no note.");
}

/** How the checks of a note's bundle are made: `check` may forget one. */
const notesWith = (makes: readonly ("note-count" | "note-word")[]): Kind => ({
  name: "notes",
  leaves: new Map([["test/note-leaf", "note"]]),
  faults: { "note-count": "A note miscounts." },
  open: () => {
    let [count, told] = [0, 0];
    return {
      know: () => {
        told++;
      },
      read: (document) => {
        const { region, before } = readNote(document);
        return {
          region,
          request: null,
          take: (_hash, fail) => {
            if (before !== count++) fail("note-count", "miscounts");
          },
        };
      },
      get found() {
        return {
          lines: [`${String(count)} notes, ${String(told)} told`],
          members: new Map([["notes", count]]),
        };
      },
    };
  },
  bundles: bundlesOf(
    "test/note-bundle",
    { "note-count": "The note counts right.", "note-word": "The note is well worded." },
    (document) => readNote(document as object),
    (checks, bundle) => {
      if (makes.includes("note-count"))
        checks.make("note-count", [bundle], ({ before }) => {
          require(before === 0, "The note is not the first.");
          return true;
        });
      if (makes.includes("note-word")) checks.make("note-word", [bundle], (_note) => true, "attested");
      return Promise.resolve();
    },
  ),
});
const notes = notesWith(["note-count", "note-word"]);
const both = [...kinds, notes];

const region = "eu-central";
const origin = originOf(region);
const { publicKey, privateKey } = generateKeyPairSync("ed25519");
const logKey = new Uint8Array(publicKey.export({ format: "der", type: "spki" }).subarray(-32));
const [contract, anchorer] = [`0x${"1".repeat(40)}`, `0x${"2".repeat(40)}`];
const trusted: TrustedRegion = {
  ...{ region, jurisdiction: "EU", origin, logKey: publicKeyText(logKey), anchorer, issuer: "did:key:z" },
};
const trust: Trust = {
  ...{ type: "pavilion/trust", chain: { id: 1, contract, development: true }, block: null },
  ...{ regions: [trusted], populations: [], policies: ["a".repeat(64)] },
  brokers: [{ id: "edge", key: publicKeyText(logKey) }],
  providers: [{ id: "north", key: publicKeyText(logKey) }],
  circuits: [{ sha256: "b".repeat(64), setup: "development" }],
};

const signer = {
  ...{ name: origin, publicKey: logKey },
  sign: (bytes: Uint8Array) => Promise.resolve(new Uint8Array(sign(null, bytes, privateKey))),
};

const note = (before: number) => ({ type: "test/note-leaf", region, before });

async function audited(leaves: readonly { readonly type: string }[], known: readonly Kind[], bundles = [""]) {
  const audit = new LogAudit(trust, trusted, known);
  const texts = leaves.map((leaf) => leafText(leaf));
  const told = { signer, chain: { chainId: 1, contract, anchorer } };
  const records = await toldLog(
    told,
    texts,
    leaves.map(() => "note"),
  );
  const checkpoint = records[0]?.checkpoint;
  for (const type of bundles.filter((one) => one !== ""))
    audit.bundles.take({ text: JSON.stringify({ type, log: { checkpoint } }) });
  for (const record of records) audit.take(record);
  return audit.report();
}

test("leaves of a kind that is added to the list are read, counted and held to what it says of them", async () => {
  const whole = await audited([note(0), note(1)], both, ["test/note-bundle"]);
  assert.deepEqual([whole.faults, [...whole.kinds]], [[], [["note", 2]]]);
  assert.deepEqual(whole.found.lines, ["2 notes, 1 told"]);
  assert.deepEqual([...whole.found.members.keys()], ["spent", "uncompared", "restores", "notes"]);
  const { faults } = await audited([note(0), note(7)], both);
  assert.deepEqual(faults, [{ name: "note-count", text: "Leaf 1 is a note that miscounts." }]);
});

test("leaves and bundles of a kind that is not in the list are faults, one by one", async () => {
  const { faults, faultCount } = await audited([note(0), note(1)], kinds, ["test/note-bundle"]);
  assert.deepEqual(
    faults.map(({ name }) => name),
    ["bundle-unknown", "leaf-unknown", "leaf-unknown"],
  );
  assert.equal(faultCount, 3);
});

test("a leaf that its kind cannot read is a fault", async () => {
  const { faults } = await audited([{ type: "test/note-leaf" }], both);
  assert.deepEqual(
    faults.map(({ name }) => name),
    ["leaf-text"],
  );
});

test("two kinds never claim the same type of leaf or bundle, or the same name", () => {
  const { bundles: _, ...unbundled } = notes;
  const renamed = (more: Partial<Kind>): Kind => ({ ...unbundled, leaves: new Map(), faults: {}, ...more });
  for (const other of [
    { leaves: notes.leaves },
    { leaves: new Map([["test/other-leaf", "note"]]) },
    { leaves: new Map([["pavilion/spend-leaf", "outlay"]]) },
    { faults: notes.faults },
    { faults: { "leaf-order": "" } },
    { bundles: notesWith([]).bundles },
  ] as Partial<Kind>[])
    assert.throws(() => new LogAudit(trust, trusted, [...both, renamed(other)]), /claim the same/);
  assert.doesNotThrow(() => new LogAudit(trust, trusted, [...both, renamed({})]));
});

const verified = (document: object, known?: readonly Kind[]): Promise<Checklist> =>
  verify(JSON.stringify(document), JSON.stringify(trust), known ? { kinds: known } : {});

test("a bundle is verified by the checks of its own kind", async () => {
  const bundle = { ...note(0), type: "test/note-bundle" };
  const whole = await verified(bundle, both);
  assert.deepEqual(
    whole.checks.map(({ name, status }) => [name, status]),
    [
      ["trust-schema", "proven"],
      ["bundle-schema", "proven"],
      ["note-count", "proven"],
      ["note-word", "attested"],
    ],
  );
  assert.ok(holds(whole));
  const wrong = await verified({ ...bundle, before: 1 }, both);
  assert.ok(!holds(wrong));
  assert.equal(wrong.checks.find(({ name }) => name === "note-count")?.detail, "The note is not the first.");
  const unread = await verified({ type: bundle.type }, both);
  assert.deepEqual(unread.notChecked, ["note-count", "note-word"]);
});

test("a bundle of a kind that is not in the list fails, whatever is in it", async () => {
  for (const type of ["test/note-bundle", "constructor", "__proto__", 1, null]) {
    const checklist = await verified({ ...note(0), type });
    assert.ok(!holds(checklist));
    assert.match(checklist.checks.at(-1)?.detail ?? "", /of a kind that this verifier does not know/);
  }
});

test("a check that a kind names and forgets to make is not checked, and nothing holds", async () => {
  const checklist = await verified({ ...note(0), type: "test/note-bundle" }, [notesWith(["note-count"])]);
  assert.deepEqual(checklist.notChecked, ["note-word"]);
  assert.ok(!holds(checklist));
});
