import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { shell, shellWord } from "./shell.ts";

const odd = [
  "/home/my clone/höme/card.json",
  'it\'s "quoted" `twice` $HOME ${HOME} $(echo) \\ \\n',
  "a#b;c&d|e<f>g*h?i[j]k{l,m}n~o!p%q=r",
  "-dash.json",
  "--trust",
  "~/card.json",
  "line\nbreak\ttab\rreturn\u001b[31m'\\\u0085",
  "",
  " ",
  "日本 😀",
];

/** What a shell hands to a program as its arguments. */
const argumentsIn = (command: string): string[] =>
  execFileSync("bash", ["-c", `show() { printf '%s\\0' "$@"; }; ${command}`], { encoding: "utf8" })
    .split("\0")
    .slice(0, -1);

test("a shell takes each word of a printed command for what it is", () => {
  for (const path of odd) {
    const file = path.startsWith("-") ? `./${path}` : path;
    assert.deepEqual(argumentsIn(shell`show sign ${path} --provider ${"alpha"}`), [
      "sign",
      file,
      "--provider",
      "alpha",
    ]);
  }
});

test("a word without anything odd stands as it is", () => {
  assert.equal(
    shell`./pavilion provider admit ${"/opt/a-b/card.json"}`,
    "./pavilion provider admit /opt/a-b/card.json",
  );
});

test("no control character reaches the terminal", () => {
  for (const path of odd) assert.doesNotMatch(shellWord(path), /\p{Cc}/u);
});
