import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { ed25519FromSeed } from "../../crypto/jws/ed25519.ts";
import type { Request } from "../../schemas/json/request.ts";
import { publicKeyText } from "./signatures.ts";
import { readRequest, signRequest } from "./request.ts";

test("the example in docs/protocol.md is what this code signs, byte by byte", async () => {
  const page = readFileSync(new URL("../../docs/protocol.md", import.meta.url), "utf8");
  const blocks = [...page.matchAll(/^```text\n(.*)\n```$/gm)].map(([, block]) => block ?? "");
  const [document = "", signature = ""] = blocks;
  const key = ed25519FromSeed(Buffer.alloc(32, 1));
  const signed = await signRequest(JSON.parse(document) as Request, key.sign);
  assert.deepEqual([signed.document, signed.signature], [document, signature]);
  assert.ok(page.includes(publicKeyText(key.publicKey)));
  assert.ok(page.includes(readRequest(document).digest));
});
