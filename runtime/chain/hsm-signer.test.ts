import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { secp256k1 } from "@noble/curves/secp256k1.js";
import { hexlify, Transaction, Wallet } from "ethers";
import { HsmSigner } from "./hsm-signer.ts";

const secret = Uint8Array.from(randomBytes(32));
const publicKey = secp256k1.getPublicKey(secret, false);
const wallet = new Wallet(hexlify(secret));
const signer = new HsmSigner({
  publicKey,
  sign: (digest) =>
    Promise.resolve(secp256k1.sign(digest, secret, { prehash: false, lowS: true, extraEntropy: false })),
});

const request = {
  ...{
    type: 2,
    chainId: 31337,
    nonce: 7,
    to: Wallet.createRandom().address,
    data: "0x1234",
    gasLimit: 50_000n,
  },
  ...{ maxFeePerGas: 3n, maxPriorityFeePerGas: 1n },
};

test("has the address of its key", async () => {
  assert.equal(signer.address, wallet.address);
  assert.equal(await signer.getAddress(), wallet.address);
});

test("signs byte for byte what an ethers wallet of the same key signs, for both parities", async () => {
  const parities = new Set<number | undefined>();
  for (let nonce = 0; nonce < 30; nonce++) {
    const signed = await signer.signTransaction({ ...request, nonce, from: signer.address });
    assert.equal(signed, await wallet.signTransaction({ ...request, nonce }));
    parities.add(Transaction.from(signed).signature?.yParity);
  }
  assert.deepEqual([...parities].sort(), [0, 1]);
});

test("refuses other kinds of transactions, other senders, contract creations, messages and typed data", async () => {
  const { to: _, ...creation } = request;
  for (const other of [
    { ...request, type: 0 },
    { ...request, type: 1 },
    { ...request, type: null },
    { ...request, from: request.to },
    creation,
  ]) {
    await assert.rejects(signer.signTransaction(other), TypeError);
  }
  await assert.rejects(signer.signMessage(), TypeError);
  await assert.rejects(signer.signTypedData(), TypeError);
});

test("refuses a signature that is not by its key, or none at all", async () => {
  const foreign = secp256k1.utils.randomSecretKey();
  const answers = [
    (digest: Uint8Array) => secp256k1.sign(digest, foreign, { prehash: false }),
    () => secp256k1.sign(new Uint8Array(32), secret, { prehash: false }),
    () => new Uint8Array(64),
    () => new Uint8Array(64).fill(0xff),
    () => new Uint8Array(),
  ];
  for (const answer of answers) {
    const broken = new HsmSigner({ publicKey, sign: (digest) => Promise.resolve(answer(digest)) });
    await assert.rejects(broken.signTransaction(request), { code: "HSM_OPERATION_FAILED" });
  }
});
