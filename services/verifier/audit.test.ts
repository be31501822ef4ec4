import assert from "node:assert/strict";
import { test } from "node:test";
import { publicKeyText } from "../../documents/signatures.ts";
import { originOf } from "../../documents/leaves.ts";
import type { AnchoredLeaf } from "../../schemas/avro/index.ts";
import type { TrustedRegion } from "../../schemas/json/trust.ts";
import { openWorld, play } from "../../simulation/private-computation.ts";
import { noFaults } from "../../simulation/world.ts";
import { logKey, region } from "../../test/stage-pipeline.ts";
import { auditLog } from "./audit.ts";

const trusted: TrustedRegion = {
  ...{ region, jurisdiction: "EU", origin: originOf(region), logKey: publicKeyText(logKey.publicKey) },
  ...{ anchorer: `0x${"1".repeat(40)}`, issuer: "did:key:z" },
};

/** The log of a whole pipeline's run: two spends, four matches, a seed. */
async function loggedLeaves(): Promise<AnchoredLeaf[]> {
  const world = openWorld(1, noFaults);
  try {
    await play(world, "in turn", false);
    return world.events<"AnchoredLeaf">("proofs.anchored").map(({ value }) => value);
  } finally {
    world.close();
  }
}
const leaves = await loggedLeaves();
const faultsOf = (changed: readonly AnchoredLeaf[]): readonly string[] => auditLog(changed, trusted).faults;

test("a log that is whole holds, and says what was spent", () => {
  const { faults, kinds, spent } = auditLog(leaves, trusted);
  assert.deepEqual(faults, []);
  assert.deepEqual(kinds, { seed: 1, match: 4, spend: 2 });
  assert.deepEqual(Object.values(spent), [{ spends: 2, epsilon: "3" }]);
});

test("a leaf that is left out shows, whichever it is", () => {
  for (const [left] of leaves.entries()) {
    assert.notDeepEqual(faultsOf(leaves.filter((_, place) => place !== left)), [], `leaf ${String(left)}`);
  }
});

test("a leaf that is changed, or in another's place, shows", () => {
  for (const [at, leaf] of leaves.entries()) {
    const changed = leaves.with(at, { ...leaf, text: leaf.text.replace("salt", "sold") });
    assert.match(faultsOf(changed).join(), /over other leaves/, `leaf ${String(at)}`);
  }
  const [first, second] = leaves;
  assert.ok(first && second);
  assert.match(faultsOf([second, first, ...leaves.slice(2)]).join(), /is missing/);
});

test("a checkpoint of another key, or over leaves that are not shown, is none", () => {
  const other = { ...trusted, logKey: publicKeyText(Buffer.from(logKey.publicKey).reverse()) };
  assert.notDeepEqual(auditLog(leaves, other).faults, []);
  const newest = leaves.at(-1)?.checkpoint ?? "";
  assert.match(auditLog(leaves.slice(0, 3), trusted, [newest]).faults.join(), /over 7 leaves; 3 are here/);
});

test("spends that do not follow each other or do not add up show by themselves", () => {
  const at = leaves.findLastIndex(({ kind }) => kind === "spend");
  const spend = leaves[at];
  assert.ok(spend);
  const changes: [RegExp, (text: string) => string][] = [
    [/is number 3 after 1/, (text) => text.replace('"sequence":2', '"sequence":3')],
    [/does not name the one before/, (text) => text.replace(/"previous":"[0-9a-f]{4}/, '"previous":"0000')],
    [/does not add up/, (text) => text.replace(/"total":"[^"]+"/, '"total":"2"')],
    [/pays for a match/, (text) => text.replace(/"match":"[0-9a-f]{4}/, '"match":"0000')],
    [/cannot be read/, () => "{}"],
  ];
  for (const [fault, change] of changes) {
    assert.match(faultsOf(leaves.with(at, { ...spend, text: change(spend.text) })).join(), fault);
  }
});
