import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { allCommands } from "../commands.ts";

const main = join(import.meta.dirname, "../main.ts");
const scriptFor = (shell: string): string =>
  execFileSync(process.execPath, [main, "completion", shell], { encoding: "utf8" });
const names = (await allCommands()).map(({ name }) => name);
const bash = scriptFor("bash");

/** What bash itself offers for the last of these words. */
function offered(...words: string[]): string[] {
  const script = `${bash}
COMP_WORDS=(pavilion ${words.map((word) => `'${word}'`).join(" ")}); COMP_CWORD=${String(words.length)}; _pavilion
printf '%s\\n' "\${COMPREPLY[@]}"`;
  return execFileSync("bash", ["-c", script], { encoding: "utf8", cwd: import.meta.dirname })
    .trim()
    .split("\n");
}

test("every command is offered, and a group's commands after it", () => {
  const first = [...new Set(names.map((name) => name.split(" ")[0]))];
  assert.deepEqual(offered("").sort(), first.sort());
  assert.deepEqual(offered("provider", "").sort(), [
    "admit",
    "init",
    "key",
    "push",
    "revoke",
    "serve",
    "state",
  ]);
  assert.deepEqual(offered("ver"), ["verify", "version"]);
});

test("a command's options are offered, also after others and their values", () => {
  assert.deepEqual(offered("verify", "--tr"), ["--trust"]);
  assert.deepEqual(offered("provider", "push", "--provider", "p", "--coll"), ["--collaboration"]);
});

test("where a file may stand, files are offered", () => {
  assert.ok(offered("verify", "completion.t").includes("completion.test.ts"));
});

test("zsh and fish have scripts of their own that name every command", () => {
  for (const shell of ["zsh", "fish"]) {
    const script = scriptFor(shell);
    for (const name of names) assert.ok(script.includes(name.split(" ").at(-1) ?? ""));
  }
});
