import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { ed25519FromSeed } from "../jws/ed25519.ts";
import { EMPTY_ROOT, leafHash, rootOfLeaves } from "../merkle/merkle.ts";
import { signCheckpoint, verifierKey, verifyCheckpoint } from "./checkpoint.ts";
import { signNote } from "./note.ts";

// Heads that the Go checksum database signed, under its published key.
const SUMDB_KEY = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8";
const SUMDB = {
  origin: "go.sum database tree",
  name: "sum.golang.org",
  publicKey: Uint8Array.from(Buffer.from("zjNy11rR7l7Nr4cnKT1LER2H6zdTHXyG1NMAPw64Cfw=", "base64")),
};
const SUMDB_HEADS: [size: number, root: string, signature: string][] = [
  [
    6476701,
    "mb8QLQIs0Z0yP5Cstq6guj87oXWeC9gEM8oVikmm9Wk=",
    "Az3grsLX85Gz+s1SiTbgkuqxgItqFq7gsMUEyVnrsa9LM7Us9S+1xbFIGu95949rj4nPRYfvimWEPWL+o3GeoWwOoAw=",
  ],
  [
    3935567,
    "SapHtgdNCeF00Cx8kqztePV24kgzNg++Xovae42HAMw=",
    "Az3grsm7Wm4CVNR1RHq9BFnu9jzcRlU2uw7lr0gfUWgO6+rqPNjT+fUTl9gH0NRTgdwW9nItuQSMbhSaLCsk8YeYSAs=",
  ],
  [
    19777102,
    "+g50vJoV4VVGa6aiQF3LYGUZHEP4pvGkW38vlR7WKtU=",
    "Az3griMTLHyRzj7jMuyEt85a2JnegVME6Lx3xLEBdzTd3FMDiD5y3bHV24rcl0yijOtWxV0zyygwTdo/rnaennuoqgU=",
  ],
  [
    52544510,
    "+TGlZfnTizQCJgyZR56QixD8+X4dd8Wefy8U1w6k0Ig=",
    "Az3grn6d1PSjcypDf9bfcFVU5fvJB7VkLc0MAbz8jqeQVnSbAj9pKcsB5dJt5VdswPDUtiFar5LPRBu+uEQAT1CDfAc=",
  ],
];

const { publicKey, sign } = ed25519FromSeed(new Uint8Array(32).fill(5));
const origin = "region.example/log";
const signer = { name: origin, publicKey, sign };
const expected = { origin, publicKey };
const root = rootOfLeaves([leafHash(Uint8Array.of(1)), leafHash(Uint8Array.of(2))]);
const base64Root = Buffer.from(root, "hex").toString("base64");
const refusal = { name: "CryptoError", code: "CHECKPOINT_INVALID" };

describe("heads of the Go checksum database", () => {
  const noteOf = (size: number, encoded: string, signature: string): string =>
    `go.sum database tree\n${String(size)}\n${encoded}\n\n— sum.golang.org ${signature}\n`;

  test("verify under its published key, whose name is not the origin", () => {
    assert.equal(verifierKey(SUMDB.name, SUMDB.publicKey), SUMDB_KEY);
    for (const [size, encoded, signature] of SUMDB_HEADS) {
      assert.deepEqual(verifyCheckpoint(noteOf(size, encoded, signature), SUMDB), {
        size,
        root: Buffer.from(encoded, "base64").toString("hex"),
      });
    }
  });

  test("are refused with another size, and with another head's root or signature", () => {
    SUMDB_HEADS.forEach(([size, encoded, signature], index) => {
      const [otherSize, otherRoot, otherSignature] = SUMDB_HEADS.at(index - 1) ?? assert.fail();
      assert.throws(() => verifyCheckpoint(noteOf(size + 1, encoded, signature), SUMDB), refusal);
      assert.throws(() => verifyCheckpoint(noteOf(otherSize, encoded, signature), SUMDB), refusal);
      assert.throws(() => verifyCheckpoint(noteOf(size, otherRoot, signature), SUMDB), refusal);
      assert.throws(() => verifyCheckpoint(noteOf(size, encoded, otherSignature), SUMDB), refusal);
    });
  });
});

describe("a checkpoint", () => {
  test("is three lines and a signature, as the specification draws it", async () => {
    const note = await signCheckpoint({ origin, size: 2, root }, signer);
    const signature = Buffer.from(sign(Buffer.from(`${origin}\n2\n${base64Root}\n`)));
    const id = Buffer.from(verifierKey(origin, publicKey).split("+")[1] ?? "", "hex");
    const line = `— ${origin} ${Buffer.concat([id, signature]).toString("base64")}`;
    assert.equal(note, `${origin}\n2\n${base64Root}\n\n${line}\n`);
  });

  test("gives back every size and root that was signed", async () => {
    const sizes = fc.oneof(
      fc.integer({ min: 1, max: 1000 }),
      fc.maxSafeInteger().filter((size) => size > 0),
    );
    const hashes = fc
      .uint8Array({ minLength: 32, maxLength: 32 })
      .map((bytes) => Buffer.from(bytes).toString("hex"));
    await fc.assert(
      fc.asyncProperty(sizes, hashes, async (size, hash) => {
        const note = await signCheckpoint({ origin, size, root: hash }, signer);
        assert.deepEqual(verifyCheckpoint(note, expected), { size, root: hash });
      }),
      { numRuns: 50 },
    );
    const empty = await signCheckpoint({ origin, size: 0, root: EMPTY_ROOT }, signer);
    assert.deepEqual(verifyCheckpoint(empty, expected), { size: 0, root: EMPTY_ROOT });
  });

  test("verifies with witnesses' signatures beside the log's, and not by theirs", async () => {
    const note = await signCheckpoint({ origin, size: 2, root }, signer);
    const other = ed25519FromSeed(new Uint8Array(32).fill(6));
    const witness = await signNote(`${origin}\n2\n${base64Root}\n`, { name: "witness.example", ...other });
    const line = witness.slice(witness.indexOf("— "));
    assert.deepEqual(verifyCheckpoint(note + line, expected), { size: 2, root });
    assert.throws(() => verifyCheckpoint(witness, expected), refusal);
  });

  test("is refused under another origin, name or key", async () => {
    const note = await signCheckpoint({ origin, size: 2, root }, signer);
    const other = ed25519FromSeed(new Uint8Array(32).fill(6));
    assert.throws(
      () => verifyCheckpoint(note, { ...expected, origin: "region.example/other", name: origin }),
      refusal,
    );
    assert.throws(() => verifyCheckpoint(note, { ...expected, name: "region.example/other" }), refusal);
    assert.throws(() => verifyCheckpoint(note, { ...expected, publicKey: other.publicKey }), refusal);
  });

  test("of another log under the same key is refused", async () => {
    const note = await signCheckpoint({ origin: "region.example/other", size: 2, root }, signer);
    assert.deepEqual(verifyCheckpoint(note, { origin: "region.example/other", name: origin, publicKey }), {
      size: 2,
      root,
    });
    assert.throws(() => verifyCheckpoint(note, expected), refusal);
  });

  test("is refused in any other spelling, though the key signed it", async () => {
    const texts = [
      `${origin}\n2\n`,
      `${origin}\n2\n\n`,
      `${origin}\n\n${base64Root}\n`,
      `\n2\n${base64Root}\n`,
      `\n${origin}\n2\n${base64Root}\n`,
      `${origin} \n2\n${base64Root}\n`,
      `${origin}\n2\n${base64Root}\n\n`,
      `${origin}\n2\n${base64Root}\nextension\n`,
      ...["02", "+2", "-2", "2 ", " 2", "2.0", "0x2", "2e0", "2n", "٢", "", "00", "-0"].map(
        (size) => `${origin}\n${size}\n${base64Root}\n`,
      ),
      ...["9007199254740992", "9999999999999999", "18446744073709551615", "9".repeat(400)].map(
        (size) => `${origin}\n${size}\n${base64Root}\n`,
      ),
      ...[
        base64Root.replace("=", ""),
        `${base64Root}=`,
        ` ${base64Root}`,
        `${base64Root} `,
        root,
        Buffer.alloc(31, 7).toString("base64"),
        Buffer.alloc(33, 7).toString("base64"),
        Buffer.alloc(32, 0xff).toString("base64url"),
        `${Buffer.alloc(32).toString("base64").slice(0, -2)}B=`,
      ].map((encoded) => `${origin}\n2\n${encoded}\n`),
      // An empty log with a root that is not the empty one.
      `${origin}\n0\n${base64Root}\n`,
    ];
    const verify = async (text: string) => verifyCheckpoint(await signNote(text, signer), expected);
    assert.deepEqual(await verify(`${origin}\n2\n${base64Root}\n`), { size: 2, root });
    assert.equal(
      (await verify(`${origin}\n9007199254740991\n${base64Root}\n`)).size,
      Number.MAX_SAFE_INTEGER,
    );
    for (const text of texts) await assert.rejects(verify(text), refusal, JSON.stringify(text));
  });

  test("tells nothing of its content in the refusal", async () => {
    const note = await signCheckpoint({ origin, size: 2, root }, signer);
    const error = ((): unknown => {
      try {
        return verifyCheckpoint(note, { origin: "region.example/other", name: origin, publicKey });
      } catch (thrown) {
        return thrown;
      }
    })();
    assert.ok(error instanceof Error);
    assert.equal(error.message, "Refused a checkpoint: it is of another origin.");
  });
});

describe("signing a checkpoint", () => {
  test("refuses what would not verify, before the key is used", async () => {
    let used = 0;
    const counted = {
      ...signer,
      sign: (text: Uint8Array) => {
        used++;
        return sign(text);
      },
    };
    const refused = [
      ...["", "a\nb", "a\n", "a\tb", "\ud800"].map((name) => ({ origin: name, size: 2, root })),
      ...[-1, 0.5, Number.NaN, Infinity, 2 ** 53].map((size) => ({ origin, size, root })),
      ...["", root.toUpperCase(), root.slice(2), `${root}00`, base64Root].map((hash) => ({
        origin,
        size: 2,
        root: hash,
      })),
      { origin, size: 0, root },
    ];
    for (const checkpoint of refused) await assert.rejects(signCheckpoint(checkpoint, counted), refusal);
    await assert.rejects(signCheckpoint({ origin, size: 2, root }, { ...counted, name: "a b" }), refusal);
    assert.equal(used, 0);
    await signCheckpoint({ origin, size: 2, root }, counted);
    assert.equal(used, 1);
  });

  test("an expectation that cannot be met is refused: an origin of more lines, or with a space and no key name", async () => {
    const note = await signCheckpoint({ origin: "go.sum database tree", size: 2, root }, signer);
    assert.throws(() => verifyCheckpoint(note, { origin: "go.sum database tree", publicKey }), refusal);
    assert.throws(() => verifyCheckpoint(note, { origin: "", name: origin, publicKey }), refusal);
    assert.throws(() => verifyCheckpoint(note, { origin: "a\nb", name: origin, publicKey }), refusal);
    assert.throws(() => verifyCheckpoint(note, { ...expected, publicKey: publicKey.subarray(1) }), {
      code: "ED25519_KEY_MALFORMED",
    });
  });
});
