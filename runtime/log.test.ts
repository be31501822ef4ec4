import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";

const module = new URL("./log.ts", import.meta.url).href;

for (const stream of ["stdout", "stderr"] as const) {
  test(`a log on ${stream} leaves the other one alone`, () => {
    const script = `(await import("${module}")).openLog({ service: "s" }, "info", "${stream}").info("told");`;
    const ended = spawnSync(process.execPath, ["--input-type=module", "-e", script], { encoding: "utf8" });
    const other = stream === "stdout" ? "stderr" : "stdout";
    assert.equal((JSON.parse(ended[stream]) as { msg: string }).msg, "told");
    assert.equal(ended[other], "");
  });
}
