import assert from "node:assert/strict";
import { test } from "node:test";
import { signDetached } from "../../crypto/jws/jws.ts";
import { ed25519FromSeed } from "../../crypto/jws/ed25519.ts";
import { publicKeyText } from "../../domain/terms/signatures.ts";
import { signatureType } from "../../schemas/reading/validate.ts";
import type { LiveHead } from "../../schemas/avro/index.ts";
import type { Participant } from "../../schemas/json/collaboration.ts";
import { headToFollow, signedHead } from "./live-head.ts";

const [own, other] = [1, 2].map((fill) => ed25519FromSeed(new Uint8Array(32).fill(fill)));
assert.ok(own && other);
const participant = { id: "north", key: publicKeyText(own.publicKey) } as unknown as Participant;
const place = { collaboration: "care", epoch: 1, dataset: "people" };
const head = "a".repeat(64);

async function reported(change: Partial<LiveHead> = {}, signer = own): Promise<LiveHead> {
  const document = { ...place, provider: "north", sequence: 4, head, complete: true };
  const signed = { type: "pavilion/dataset-head", ...document };
  const header = { typ: signatureType("dataset-head"), kid: "north" };
  const signature = await signDetached(signed, header, (bytes) => signer?.sign(bytes) ?? bytes);
  return { ...document, signature, push: "b".repeat(32), ...change };
}

test("a head is taken where this provider signed it for the dataset and epoch", async () => {
  assert.deepEqual(signedHead(await reported(), place, participant), { sequence: 4, head });
});

test("heads of other collaborations, datasets and epochs are passed over", async () => {
  for (const change of [{ collaboration: "trial" }, { dataset: "visits" }, { epoch: 2 }]) {
    assert.equal(signedHead(await reported(change), place, participant), undefined);
  }
});

test("what the region changed, or had another sign, is no head", async () => {
  const forged = [
    await reported({ sequence: 5 }),
    await reported({ head: "c".repeat(64) }),
    await reported({ complete: false }),
    await reported({}, other),
  ];
  for (const one of forged) {
    assert.throws(() => signedHead(one, place, participant), { code: "BAD_SIGNATURE" });
  }
});

test("the region's head goes before what the folder remembers, unless the region lost some", () => {
  const at = (sequence: number, hex = "a") => ({ sequence, head: hex.repeat(64) });
  assert.equal(headToFollow(undefined, undefined), undefined);
  assert.deepEqual(headToFollow(undefined, at(2)), at(2));
  assert.deepEqual(headToFollow(at(3), undefined), at(3));
  assert.deepEqual(headToFollow(at(3), at(2)), at(3));
  assert.deepEqual(headToFollow(at(3, "b"), at(3)), at(3, "b"));
  assert.throws(() => headToFollow(at(2), at(3)), { code: "REGION_BEHIND" });
});
