import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { join, relative } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const root = join(import.meta.dirname, "../..");
const listing = `
  import { registerHooks } from "node:module";
  import { writeSync } from "node:fs";
  registerHooks({ load: (url, context, next) => { writeSync(1, "loaded " + url + "\\n"); return next(url, context); } });
`;

/** The project's own files that a call loads. */
function loadedBy(...args: string[]): string[] {
  const hooks = `data:text/javascript,${encodeURIComponent(listing)}`;
  const out = execFileSync(process.execPath, ["--import", hooks, join(root, "cli/main.ts"), ...args], {
    encoding: "utf8",
  });
  return [...out.matchAll(/^loaded (file:.*)$/gm)].map(([, url = ""]) => relative(root, fileURLToPath(url)));
}

const isDevelopers = (file: string): boolean => /^(cli\/developer|bench|scripts|simulation)\//.test(file);

test("the developers' commands are loaded where they are asked for, and what they do when they do it", () => {
  const own = loadedBy("version");
  assert.ok(own.includes("cli/version/version.ts"));
  assert.deepEqual(own.filter(isDevelopers), []);
  for (const call of [["help"], ["check", "--help"]])
    assert.deepEqual(loadedBy(...call).filter(isDevelopers), ["cli/developer/commands.ts"]);
});
