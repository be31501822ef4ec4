import assert from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";
import { before, test } from "node:test";
import fc from "fast-check";
import { releaseCircuit } from "../../../pipelines/private-computation/circuit.ts";
import { openProver } from "../../../runtime/prover/prover.ts";
import type { EvidenceBundleDocument } from "../../../schemas/json/evidence-bundle.ts";
import type { Trust } from "../../../schemas/json/trust.ts";
import { miniatureChain } from "../../../crypto/ethereum/testing/miniature-chain.ts";
import { mutationsOf, pointer, type Path } from "../../../test/evidence-mutations.ts";
import { connectorNamed, partiesNamed, trustIn } from "../../../test/evidence-terms.ts";
import { evidenceOf, groupedQuestion } from "../../../test/evidence.ts";
import { holds } from "../../checklist.ts";
import { readArtifacts } from "./artifacts.ts";
import { privateComputationWith } from "./kind.ts";
import type { Kind } from "../../kind.ts";
import { verify } from "../../verify.ts";

let bundle: EvidenceBundleDocument;
/** The answer to another request, of the same parties, by the same connector. */
let other: EvidenceBundleDocument;
let trust: Trust;
let kinds: readonly Kind[];

const parties = partiesNamed("honest");
const connector = connectorNamed("honest", miniatureChain("honest"));

before(async () => {
  const brought = await readArtifacts();
  kinds = [privateComputationWith(() => Promise.resolve(brought))];
  const prover = await openProver(releaseCircuit);
  const told = { parties, prover, question: groupedQuestion };
  bundle = await evidenceOf({ ...told, connector, nonce: 1 });
  const later = connectorNamed("honest", miniatureChain("honest"));
  other = await evidenceOf({ ...told, connector: later, nonce: 2 });
  await prover.close();
  trust = trustIn(parties, connector, bundle.log.chain.blockHash);
});

/** The check that failed first, or undefined where everything holds. */
async function firstFailure(document: unknown, by: unknown = trust): Promise<string | undefined> {
  const checklist = await verify(JSON.stringify(document), JSON.stringify(by), { kinds });
  const failed = checklist.checks.find(({ status }) => status === "failed");
  assert.equal(failed === undefined, holds(checklist));
  return failed?.name;
}

/** Where a change is found out, unless the schema finds it; the first that fits counts. */
const responsible: readonly (readonly [RegExp, ...string[]])[] = [
  [/^\/request/, "request-signature"],
  [/^\/collaboration/, "collaboration-signatures"],
  [/^\/population/, "population"],
  [/^\/datasets/, "dataset-heads"],
  [/^\/policy/, "policy"],
  [/^\/release\/circuit/, "release-circuit"],
  [/^\/release\/groups\/\d+\/proofs\/\d+\/(remainder|representation)/, "release-remainders"],
  [/^\/release\/groups\/\d+\/proofs\/\d+\/proof/, "release-proofs"],
  [/^\/release\/groups\/\d+\/values/, "release-groups", "spend-leaf"],
  [/^\/release\/groups/, "release-groups", "release-remainders"],
  [/^\/credential/, "credential-signature"],
  [/^\/log\/(checkpoint|seed\/anchored)/, "log-checkpoint"],
  [/^\/log\/(seed|match|spend)\/(leaf|index|proof)/, "log-inclusion"],
  [/^\/log\/chain\/(chainId|contract|anchorer)/, "chain-contract"],
  [/^\/log\/chain\/links\/\d+\/(root|size|consistency)/, "log-consistency"],
  [/^\/log\/chain\/(before|links)/, "chain-links", "log-consistency"],
  [/^\/log\/chain/, "chain-state"],
];

test("the unchanged bundles hold, each at its own block", async () => {
  assert.equal(await firstFailure(bundle), undefined);
  assert.equal(await firstFailure(other, { ...trust, block: other.log.chain.blockHash }), undefined);
});

test("every change of any value, member or list fails the check that is for it", async () => {
  let made = 0;
  for (const { what, at, document } of mutationsOf(bundle)) {
    const failed = await firstFailure(document);
    assert.ok(failed, `nothing noticed: ${what}`);
    made++;
    if (failed === "bundle-schema") continue;
    const [, ...expected]: readonly unknown[] =
      responsible.find(([pattern]) => pattern.test(pointer(at))) ?? [];
    assert.ok(expected.includes(failed), `${what}: noticed by ${failed}`);
  }
  assert.ok(made > 1200, `only ${String(made)} changes`);
});

test("every change of the trust file's keys and names fails a check", async () => {
  for (const { what, document } of mutationsOf(trust)) {
    // The one says how much a result is worth; in the other case the same are named, and their order means nothing.
    if (["/chain/development opposite", "/providers element 1 swapped"].includes(what)) continue;
    assert.ok(await firstFailure(bundle, document), `nothing noticed: ${what}`);
  }
});

test("a part of another answer of the same connector fits in nowhere", async () => {
  const blocks = [bundle, other].map(({ log }) => log.chain.blockHash);
  let made = 0;
  for (const [at, theirs] of partsIn(other)) {
    const mixed: unknown = structuredClone(bundle);
    const ours = put(mixed, at, theirs);
    if (isDeepStrictEqual(ours, theirs)) continue;
    made++;
    for (const block of blocks) {
      assert.ok(await firstFailure(mixed, { ...trust, block }), `nothing noticed: ${pointer(at)}`);
    }
  }
  assert.ok(made > 30, `only ${String(made)} parts`);
});

/** The upper levels of a bundle, down to single proofs. */
function* partsIn(value: unknown, at: Path = []): Generator<[Path, unknown]> {
  if (at.length > 0) yield [at, value];
  if (typeof value !== "object" || value === null || at.length > 5) return;
  for (const [step, member] of Object.entries(value)) yield* partsIn(member, [...at, step]);
}

/** Puts a value there; answers what was there. */
function put(document: unknown, at: Path, value: unknown): unknown {
  const parent = at
    .slice(0, -1)
    .reduce((inner, step) => (inner as Record<string, unknown>)[step], document) as Record<string, unknown>;
  const step = String(at.at(-1));
  const before = parent[step];
  parent[step] = value;
  return before;
}

test("no text with a character changed holds, unless it is the same document", async () => {
  const text = JSON.stringify(bundle);
  const character = fc.oneof(
    fc.constantFrom(...'0 1 2 7 9 a c f { } [ ] , : " \\ - e E + . x z'.split(" ")),
    fc.string({ maxLength: 2 }),
  );
  await fc.assert(
    fc.asyncProperty(fc.nat(text.length - 1), character, async (at, written) => {
      const changed = text.slice(0, at) + written + text.slice(at + 1);
      const { checks, notChecked } = await verify(changed, JSON.stringify(trust), { kinds });
      if (!holds({ checks, notChecked })) return;
      const document = JSON.parse(changed) as EvidenceBundleDocument;
      assert.deepEqual(document, bundle);
    }),
    { numRuns: 250 },
  );
});

test("a member that is named twice is refused, whichever of the two a reader would take", async () => {
  const text = JSON.stringify(bundle);
  const doubled = [
    text.replace('"version":2,', '"version":2,"version":2,'),
    text.replace('"suppressed":false', '"suppressed":true,"suppressed":false'),
    text.replace('"suppressed":false', '"\\u0073uppressed":true , "suppressed" : false'),
  ];
  for (const each of doubled) {
    assert.deepEqual(JSON.parse(each), JSON.parse(text));
    const { checks } = await verify(each, JSON.stringify(trust), { kinds });
    assert.equal(checks.find(({ status }) => status === "failed")?.name, "bundle-schema");
  }
});

test("a bundle holds however its JSON is laid out", async () => {
  const { checks, notChecked } = await verify(
    JSON.stringify(bundle, null, 3),
    JSON.stringify(trust, null, 1),
  );
  assert.ok(holds({ checks, notChecked }));
});
