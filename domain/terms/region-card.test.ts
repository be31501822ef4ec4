import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import type { RegionCard } from "../../schemas/json/region-card.ts";
import { fingerprintOf } from "./region-card.ts";
import { validateDocument } from "../../schemas/reading/validate.ts";

const card: RegionCard = validateDocument("region-card", {
  type: "pavilion/region-card",
  region: "eu-central",
  jurisdiction: "EU",
  sealingKey: "B".repeat(87),
  logKey: "A".repeat(43),
});

test("a fingerprint is the beginning of the canonical card's SHA-256, in groups", () => {
  const canonical =
    `{"jurisdiction":"EU","logKey":"${"A".repeat(43)}","region":"eu-central",` +
    `"sealingKey":"${"B".repeat(87)}","type":"pavilion/region-card"}`;
  const digest = createHash("sha256").update(canonical).digest("hex");
  assert.equal(fingerprintOf(card).replaceAll(" ", ""), digest.slice(0, 32));
  assert.match(fingerprintOf(card), /^[0-9a-f]{4}( [0-9a-f]{4}){7}$/);
});

for (const change of [
  { region: "eu-west" },
  { jurisdiction: "US" },
  { sealingKey: `C${"B".repeat(86)}` },
  { logKey: `B${"A".repeat(42)}` },
]) {
  test(`another ${Object.keys(change).join()} has another fingerprint`, () => {
    assert.notEqual(fingerprintOf({ ...card, ...change }), fingerprintOf(card));
  });
}
