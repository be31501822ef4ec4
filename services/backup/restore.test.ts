import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  rmdirSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { cp } from "node:fs/promises";
import { dirname, join } from "node:path";
import { before, test } from "node:test";
import fc from "fast-check";
import { PavilionError } from "../../errors/errors.ts";
import { ownStack } from "../stack/stack-lock.ts";
import { digestName, manifestName, manifestTexts, type Manifest } from "./manifest.ts";
import { contentOf, freshFolder, index, program, restore, smallStack, take } from "./testing/small-stack.ts";

let backup = "";
let stack = "";
let manifest: Manifest;
before(async () => {
  const small = await smallStack();
  truncateSync(join(small.stack, index.path), 100_000);
  backup = small.out;
  manifest = await take(small);
  stack = join(freshFolder(), "home", "stack");
});

/** Refused by one of the codes, before anything was written. */
async function refused(codes: readonly string[], from = backup, by = program): Promise<void> {
  await assert.rejects(restore({ stack, from, program: by }), (error) => {
    assert.ok(error instanceof PavilionError, String(error));
    assert.ok(codes.includes(error.code), `${error.code}: ${error.message}`);
    return true;
  });
  assert.ok(!existsSync(dirname(stack)), "something was written");
}

/** Changes a file, and answers how to change it back. */
type Change = (file: string) => () => void;

const rewritten =
  (change: (bytes: Buffer) => Buffer): Change =>
  (file) => {
    const bytes = readFileSync(file);
    writeFileSync(file, change(Buffer.from(bytes)));
    return () => {
      writeFileSync(file, bytes);
    };
  };

const movedAway =
  (instead: (file: string, kept: string) => void): Change =>
  (file) => {
    const kept = join(freshFolder(), "kept");
    renameSync(file, kept);
    instead(file, kept);
    return () => {
      rmSync(file, { recursive: true, force: true });
      renameSync(kept, file);
    };
  };

const beside =
  (make: (place: string) => void): Change =>
  (file) => {
    const place = `${file}.more`;
    make(place);
    return () => {
      rmSync(place, { recursive: true });
    };
  };

const changes = fc.oneof(
  fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 })).map(([at, bits]) =>
    rewritten((bytes) => {
      if (bytes.length === 0) return Buffer.of(bits);
      bytes.writeUInt8(bytes.readUInt8(at % bytes.length) ^ bits, at % bytes.length);
      return bytes;
    }),
  ),
  fc
    .nat()
    .map((length) =>
      rewritten((bytes) => (bytes.length === 0 ? Buffer.of(0) : bytes.subarray(0, length % bytes.length))),
    ),
  fc
    .uint8Array({ minLength: 1, maxLength: 70_000 })
    .map((more) => rewritten((bytes) => Buffer.concat([bytes, more]))),
  fc.constantFrom<Change>(
    movedAway(() => undefined),
    movedAway((file) => {
      mkdirSync(file);
    }),
    movedAway((file, kept) => {
      symlinkSync(kept, file);
    }),
    beside((place) => {
      writeFileSync(place, "");
    }),
    beside((place) => {
      mkdirSync(place);
    }),
    beside((place) => {
      symlinkSync("/etc/passwd", place);
    }),
  ),
);

test("any single change of a file or of the manifest is refused, before anything is written", async () => {
  const paths = [manifestName, digestName, ...manifest.files.map(({ path }) => join("stack", path))];
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...paths), changes, async (path, change) => {
      const changeBack = change(join(backup, path));
      try {
        // A changed digit can make a format or version of it that nobody wrote yet; without backup.json there is no backup.
        const others = path === manifestName ? ["BACKUP_NEWER", "CONFIG_INVALID"] : [];
        await refused(["BACKUP_UNSOUND", ...others]);
      } finally {
        changeBack();
      }
    }),
    { numRuns: 200 },
  );
  await restore({ stack: join(freshFolder(), "stack"), from: backup });
});

test("an empty folder that is missing is noticed too", async () => {
  const folder = join(backup, "stack/kafka/data/empty");
  rmdirSync(folder);
  await refused(["BACKUP_UNSOUND"]);
  mkdirSync(folder);
});

/** A copy of the backup whose manifest says something else, under a digest that holds. */
async function forged(change: Partial<Manifest>): Promise<string> {
  const copy = join(freshFolder(), "backup");
  await cp(backup, copy, { recursive: true });
  for (const [name, text] of manifestTexts({ ...manifest, ...change })) writeFileSync(join(copy, name), text);
  return copy;
}

test("a hostile manifest or a later version's is refused before anything is written, though its digest holds", async () => {
  await restore({ stack: join(freshFolder(), "stack"), from: await forged({}) });
  const [first, ...others] = manifest.files;
  assert.ok(first);
  await refused(["BACKUP_UNSOUND"], await forged({ files: [{ ...first, path: "../out" }, ...others] }));
  await refused(["BACKUP_NEWER"], await forged({ program: "0.3.0" }));
  // Taken before an upgrade, and put back by the version of then.
  await refused(["BACKUP_NEWER"], backup, "0.1.0");
});

test("a stack.json that is no stack's, of another version or longer than any, is refused under digests that hold", async () => {
  const contents: [string, string[]][] = [
    ["{", ["CONFIG_INVALID"]],
    ['{"version":3}', ["CONFIG_INVALID"]],
    [" ".repeat(2_000_000), ["BACKUP_UNSOUND"]],
  ];
  for (const [content, codes] of contents) {
    const sha256 = createHash("sha256").update(content).digest("hex");
    const files = manifest.files.map((one) =>
      one.path === "stack.json" ? { ...one, size: content.length, sha256 } : one,
    );
    const from = await forged({ files });
    writeFileSync(join(from, "stack", "stack.json"), content);
    await refused(codes, from);
  }
});

test("a stack that is there is replaced only where that is said, and is kept beside", async () => {
  const there = join(freshFolder(), "stack");
  mkdirSync(there);
  writeFileSync(join(there, "mine"), "mine");
  await assert.rejects(restore({ stack: there, from: backup }), { code: "CONFIRMATION_MISSING" });
  const { movedTo, restored } = await restore({ stack: there, from: backup, replace: true });
  assert.equal(movedTo, `${there}.replaced-${restored.restoredAt.replaceAll(":", "-")}`);
  assert.equal(readFileSync(join(movedTo, "mine"), "utf8"), "mine");
  assert.ok(!existsSync(join(there, "mine")));
});

test("what cannot be restored leaves the stack as it was", async () => {
  const home = freshFolder();
  const there = join(home, "stack");
  mkdirSync(there);
  writeFileSync(join(there, "mine"), "mine");
  const plan = { stack: there, from: backup, replace: true };
  {
    using _owned = await ownStack(there);
    await assert.rejects(restore(plan), { code: "STACK_RUNNING" });
  }
  await assert.rejects(restore({ ...plan, free: () => Promise.resolve(10_000) }), { code: "DISK_FULL" });
  await assert.rejects(restore({ ...plan, from: there }), { code: "CONFIG_INVALID" });
  const nested = join(there, "backup");
  await cp(backup, nested, { recursive: true });
  await assert.rejects(restore({ ...plan, from: nested }), { code: "CONFIG_INVALID" });
  rmSync(nested, { recursive: true });
  // Changed between its check and its copy.
  const last = join(backup, "stack", "stack.json");
  const text = readFileSync(last);
  let isChanged = false;
  const onProgress = (doing: string): void => {
    if (doing !== "copying" || isChanged) return;
    isChanged = true;
    appendFileSync(last, " ");
  };
  await assert.rejects(restore({ ...plan, onProgress }), { code: "BACKUP_UNSOUND" });
  writeFileSync(last, text);
  assert.ok(isChanged);
  assert.deepEqual([...contentOf(there).keys()], ["mine"]);
  assert.deepEqual(readdirSync(home).sort(), ["stack", "stack.lock", "stack.lock.holder"]);
});
