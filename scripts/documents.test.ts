/**
 * What the documents send their readers to is there: files and headings behind links, and commands with their options.
 */
import assert from "node:assert/strict";
import { existsSync, globSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { test } from "node:test";

const root = resolve(import.meta.dirname, "..");
const places = ["*.md", "{bench,circuits,docs,examples,infra,pipelines,stages,test}/**/*.md"];
const files = globSync(places, { cwd: root }).map((file) => join(root, file));
const read = (file: string): string => readFileSync(file, "utf8");

/** As GitHub names a heading. */
const anchorsIn = (text: string): string[] =>
  [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );

function isThere(link: string, from: string): boolean {
  const [path = "", anchor] = link.split("#");
  const file = path === "" ? from : resolve(dirname(from), path);
  return existsSync(file) && (anchor === undefined || anchorsIn(read(file)).includes(anchor));
}

test("every link of a document within the project leads to a file and a heading that are there", () => {
  const links = files.flatMap((file) =>
    [...read(file).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = ""]) => ({ file, link })),
  );
  const own = links.filter(({ link }) => !/^[a-z]+:/.test(link));
  assert.ok(own.length > 100);
  const dead = own.filter(({ file, link }) => !isThere(link, file));
  assert.deepEqual(
    dead.map(({ file, link }) => `${relative(root, file)}: ${link}`),
    [],
  );
});

test("every file that a document names by its path is there", () => {
  const folders = readdirSync(root, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const isOwn = (path: string): boolean => folders.some(({ name }) => path.startsWith(`${name}/`));
  const named = files.flatMap((file) =>
    [...read(file).matchAll(/`([\w-]+\/[\w./-]*)`/g)].map(([, path = ""]) => ({ file, path })),
  );
  const own = named.filter(({ path }) => isOwn(path));
  assert.ok(own.length > 50);
  assert.deepEqual(
    own
      .filter(({ path }) => !existsSync(join(root, path)))
      .map(({ file, path }) => `${relative(root, file)}: ${path}`),
    [],
  );
});

/** Each command's options, from the reference, which is generated from the commands. */
const reference = read(join(root, "docs/reference/commands.md"));
const usages = new Map(
  [...reference.matchAll(/^## (.+)\n\n```\n(.+)\n```$/gm)].map(([, name = "", usage = ""]) => [
    name,
    new Set(usage.match(/--[a-z-]+/g)),
  ]),
);

function wrongIn(line: string): string | undefined {
  const [, words = ""] = /^\.\/pavilion ([a-z -]+)/.exec(line) ?? [];
  const [first = "", second = ""] = words.split(" ");
  const options = usages.get(`${first} ${second}`) ?? usages.get(first);
  // A group that is named as such, `./pavilion population`.
  if (options === undefined) return second === "" && isGroup(first) ? undefined : line;
  const given = line.match(/(?<= )--[a-z-]+/g) ?? [];
  return given.every((option) => options.has(option) || option === "--help") ? undefined : line;
}

const isGroup = (word: string): boolean => [...usages.keys()].some((name) => name.startsWith(`${word} `));

test("every command that a document gives is one that there is, with options that it takes", () => {
  const given = files.flatMap((file) =>
    [...read(file).matchAll(/`(\.\/pavilion [a-z][^`]*)`|^ *(\.\/pavilion [a-z].*)$/gm)].map(
      ([, inline, block]) => inline ?? block ?? "",
    ),
  );
  assert.ok(given.length > 100);
  assert.deepEqual(
    given.map((text) => wrongIn(text.split(/ [|>&#]/)[0] ?? "")).filter((line) => line !== undefined),
    [],
  );
});
