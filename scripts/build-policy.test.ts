import assert from "node:assert/strict";
import { test } from "node:test";
import { hashLine, memberOf } from "./build-policy.ts";

/** A member as POSIX ustar lays it out: a header block, then the content filled up to a block. */
function member(name: string, content: string): Buffer {
  const header = Buffer.alloc(512);
  header.write(name, 0, "latin1");
  header.write(`${content.length.toString(8).padStart(11, "0")}\0`, 124, "latin1");
  return Buffer.concat([
    header,
    Buffer.alloc(Math.ceil(content.length / 512) * 512, 0).fill(content, 0, content.length),
  ]);
}

const archive = Buffer.concat([
  member("/data.json", "{}"),
  member("/policy.wasm", "w".repeat(513)),
  Buffer.alloc(1024),
]);

test("reads a member whatever stands before it", () => {
  assert.equal(Buffer.from(memberOf(archive, "/policy.wasm")).toString(), "w".repeat(513));
  assert.equal(Buffer.from(memberOf(archive, "/data.json")).toString(), "{}");
});

test("fails on an archive without the member, or with a member without a size", () => {
  assert.throws(() => memberOf(archive, "/other"), /no \/other/);
  const broken = Buffer.from(archive);
  broken.fill("x", 124, 136);
  assert.throws(() => memberOf(broken, "/policy.wasm"), /without a size/);
});

test("writes the hash as sha256sum does", () => {
  const expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  policy.wasm\n";
  assert.equal(hashLine(Buffer.from("abc")), expected);
});
