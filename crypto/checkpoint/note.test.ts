import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ed25519FromSeed } from "../jws/ed25519.ts";
import { type NoteKey, openNote, signNote, verifierKey } from "./note.ts";

// The keys and notes of the documentation and tests of golang.org/x/mod/sumdb/note.
const TEXT =
  "If you think cryptography is the answer to your problem,\n" +
  "then you don't know what your problem is.\n";
const PETER_SECRET = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
const PETER_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const ENOCH_KEY = "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop";
const PETER_LINE =
  "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
const ENOCH_LINE =
  "— EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n";

/** The 32 bytes behind the last "+" of an encoded key, which follow its type. */
const bytesOf = (encoded: string): Uint8Array =>
  Uint8Array.from(Buffer.from(/[^+]*\+[0-9a-f]{8}\+(.*)$/.exec(encoded)?.[1] ?? "", "base64").subarray(1));

const peter: NoteKey = { name: "PeterNeumann", publicKey: bytesOf(PETER_KEY) };
const enoch: NoteKey = { name: "EnochRoot", publicKey: bytesOf(ENOCH_KEY) };
const peterSigner = { ...peter, sign: ed25519FromSeed(bytesOf(PETER_SECRET)).sign };
const refusal = { name: "CryptoError", code: "CHECKPOINT_INVALID" };

describe("the notes of golang.org/x/mod/sumdb/note", () => {
  test("keys are published in the form of the vectors", () => {
    assert.equal(verifierKey(peter.name, peter.publicKey), PETER_KEY);
    assert.equal(verifierKey(enoch.name, enoch.publicKey), ENOCH_KEY);
  });

  test("signing gives the vector's note", async () => {
    assert.equal(await signNote(TEXT, peterSigner), `${TEXT}\n${PETER_LINE}`);
  });

  test("notes signed once and twice open with either signer's key", () => {
    assert.equal(openNote(`${TEXT}\n${PETER_LINE}`, peter), TEXT);
    assert.equal(openNote(`${TEXT}\n${PETER_LINE}${ENOCH_LINE}`, peter), TEXT);
    assert.equal(openNote(`${TEXT}\n${PETER_LINE}${ENOCH_LINE}`, enoch), TEXT);
    assert.equal(openNote(`${TEXT}\n${PETER_LINE}${PETER_LINE}`, peter), TEXT);
  });

  test("the malformed notes of the vectors are refused", () => {
    const malformed = [
      TEXT,
      `${TEXT}\n`,
      `${TEXT}\n${PETER_LINE.slice(0, -1)}`,
      `${TEXT}\n${PETER_LINE}${ENOCH_LINE.slice(0, -1)}`,
      `\x01${TEXT}\n${PETER_LINE}`,
      `\ud800${TEXT}\n${PETER_LINE}`,
      `${TEXT}\n${PETER_LINE.replace("PeterNeumann", "Bad Name")}`,
      `${TEXT}\n${PETER_LINE}Unexpected line.\n`,
      `${TEXT}\n${PETER_LINE.slice(0, 60)}ABCD${PETER_LINE.slice(60)}`,
      `${TEXT}\n${PETER_LINE.repeat(101)}`,
    ];
    for (const note of malformed) assert.throws(() => openNote(note, peter), refusal, JSON.stringify(note));
  });
});

describe("a note", () => {
  test("comes back from its signature, with empty lines and any script in its text", async () => {
    for (const text of ["\n", "a\n", "a\n\nb\n", "\n\na\n", "è subito sera 😀\n", "— PeterNeumann AAAA\n"]) {
      assert.equal(openNote(await signNote(text, peterSigner), peter), text);
    }
  });

  test("is refused without a signature of the expected key, whatever else signed it", () => {
    const note = `${TEXT}\n${ENOCH_LINE}`;
    assert.throws(() => openNote(note, peter), refusal);
    // The name alone, and the id alone, are other keys' and are ignored.
    const renamed = ENOCH_LINE.replace("EnochRoot", "PeterNeumann");
    assert.throws(() => openNote(`${TEXT}\n${renamed}`, peter), refusal);
    assert.equal(openNote(`${TEXT}\n${renamed}${PETER_LINE}`, peter), TEXT);
    const misnamed = PETER_LINE.replace("PeterNeumann", "CarmenSandiego");
    assert.throws(() => openNote(`${TEXT}\n${misnamed}`, peter), refusal);
    assert.equal(openNote(`${TEXT}\n${misnamed}${PETER_LINE}`, peter), TEXT);
  });

  test("is refused when a second signature under the expected name and id does not fit", () => {
    const spoilt = PETER_LINE.replace("ZJku", "ZJkv");
    assert.throws(() => openNote(`${TEXT}\n${spoilt}`, peter), refusal);
    assert.throws(() => openNote(`${TEXT}\n${PETER_LINE}${spoilt}`, peter), refusal);
    assert.throws(() => openNote(`${TEXT}\n${spoilt}${PETER_LINE}`, peter), refusal);
  });

  test("is refused with any character of its text changed, added or left out", () => {
    const signed = (text: string): string => `${text}\n${PETER_LINE}`;
    for (let index = 0; index < TEXT.length; index++) {
      const [before, after] = [TEXT.slice(0, index), TEXT.slice(index + 1)];
      for (const text of [`${before}~${after}`, before + after, `${before}\n${TEXT.slice(index)}`]) {
        assert.throws(() => openNote(signed(text), peter), refusal);
      }
    }
  });

  test("is refused with any bit of the signature or of the key id flipped", () => {
    const encoded = PETER_LINE.split(" ")[2] ?? "";
    const bytes = Buffer.from(encoded, "base64");
    assert.equal(bytes.length, 68);
    for (let bit = 0; bit < 8 * bytes.length; bit++) {
      const flipped = Buffer.from(bytes);
      flipped.writeUInt8(bytes.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
      const note = `${TEXT}\n— PeterNeumann ${flipped.toString("base64")}\n`;
      assert.throws(() => openNote(note, peter), refusal);
    }
  });

  test("is refused with a malformed line, even where another key's signature would stand there", () => {
    const lines = [
      "\n",
      "— \n",
      "— EnochRoot\n",
      "— EnochRoot \n",
      "—  AAAAAAA=\n",
      "- EnochRoot AAAAAAA=\n",
      "—EnochRoot AAAAAAA=\n",
      " — EnochRoot AAAAAAA=\n",
      "— Enoch+Root AAAAAAA=\n",
      "— Enoch\u00a0Root AAAAAAA=\n",
      "— Enoch\u2028Root AAAAAAA=\n",
      "— Enoch\u0000Root AAAAAAA=\n",
      "— Enoch\ud800Root AAAAAAA=\n",
      "— EnochRoot AAAA\n",
      "— EnochRoot AAAAAA==\n",
      "— EnochRoot AAAAAAA\n",
      "— EnochRoot AAAAAAB=\n",
      "— EnochRoot AAAA-AA=\n",
      "— EnochRoot AAAAAAA= \n",
      "— EnochRoot AAAAAAA= again\n",
      "— EnochRoot AAAAAAA=\r\n",
    ];
    assert.equal(openNote(`${TEXT}\n${PETER_LINE}— EnochRoot AAAAAAA=\n`, peter), TEXT);
    for (const line of lines) {
      assert.throws(() => openNote(`${TEXT}\n${PETER_LINE}${line}`, peter), refusal, JSON.stringify(line));
    }
  });

  test("may carry 100 signatures, 16 of them as long as post-quantum ones, but no more and none longer", () => {
    const long = `— EnochRoot ${Buffer.alloc(5000).toString("base64")}\n`;
    const short = "— EnochRoot AAAAAAA=\n";
    assert.equal(openNote(`${TEXT}\n${long.repeat(16)}${short.repeat(83)}${PETER_LINE}`, peter), TEXT);
    assert.throws(() => openNote(`${TEXT}\n${short.repeat(100)}${PETER_LINE}`, peter), refusal);
    assert.throws(() => openNote(`${TEXT}\n${long.repeat(40)}${PETER_LINE}`, peter), refusal);
  });
});

describe("signing", () => {
  test("refuses a text that is not a note's", async () => {
    for (const text of ["", "a", "a\r\n", "a\tb\n", "\ud800\n", "\x00\n", "\x1f\n"]) {
      await assert.rejects(signNote(text, peterSigner), refusal, JSON.stringify(text));
    }
  });

  test("refuses names that no signature line can carry", async () => {
    for (const name of ["", "a b", "a+b", "a\nb", "a\u3000b", "a\u0085b", "\udc00"]) {
      await assert.rejects(signNote(TEXT, { ...peterSigner, name }), refusal);
      assert.throws(() => verifierKey(name, peter.publicKey), refusal);
      assert.throws(() => openNote(`${TEXT}\n${PETER_LINE}`, { ...peter, name }), refusal);
    }
  });

  test("refuses a signature that is not the key's, and hands on a signer's failure", async () => {
    const answers = [new Uint8Array(64), new Uint8Array(0), peterSigner.sign(new Uint8Array(1))];
    for (const answer of answers) {
      await assert.rejects(signNote(TEXT, { ...peter, sign: () => answer }), refusal);
    }
    await assert.rejects(signNote(TEXT, { ...peterSigner, publicKey: enoch.publicKey }), refusal);
    const failure = new Error("out of reach");
    await assert.rejects(signNote(TEXT, { ...peter, sign: () => Promise.reject(failure) }), failure);
  });

  test("refuses keys of another length, and of small order", async () => {
    const malformed = { name: "CryptoError", code: "ED25519_KEY_MALFORMED" };
    for (const publicKey of [new Uint8Array(0), new Uint8Array(31), new Uint8Array(33)]) {
      assert.throws(() => verifierKey("a", publicKey), malformed);
      assert.throws(() => openNote(`${TEXT}\n${PETER_LINE}`, { ...peter, publicKey }), malformed);
      await assert.rejects(signNote(TEXT, { ...peterSigner, publicKey }), malformed);
    }
    const smallOrder = Uint8Array.of(1, ...new Uint8Array(31));
    await assert.rejects(signNote(TEXT, { ...peterSigner, publicKey: smallOrder }), malformed);
  });
});
