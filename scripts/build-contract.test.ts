import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { artifactOf } from "./build-contract.ts";
import { repositoryRoot } from "./generated.ts";

const folder = join(repositoryRoot, "contracts");
const source = readFileSync(join(folder, "AnchorRegistry.sol"), "utf8");

test("the committed artifact is what the source compiles to", async () => {
  assert.equal(await artifactOf(source), readFileSync(join(folder, "AnchorRegistry.json"), "utf8"));
});

test("a comment changes nothing, a line of code does", async () => {
  const artifact = await artifactOf(source);
  assert.equal(await artifactOf(`${source}\n// a comment\n`), artifact);
  assert.notEqual(await artifactOf(source.replace("size <= size0", "size < size0")), artifact);
});

test("refuses what the compiler complains of, be it a warning", async () => {
  await assert.rejects(
    artifactOf(source.replace("external {", "external { uint256 unused;")),
    /Unused local variable/,
  );
  await assert.rejects(artifactOf("contract {"), /ParserError/);
  await assert.rejects(artifactOf(source.replace("public states", "public others")), /Undeclared identifier/);
});
