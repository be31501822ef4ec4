import { dirname } from "node:path";
import { test } from "node:test";
import { RuleTester } from "eslint";
import tseslint from "typescript-eslint";
import { namesAsKeys } from "./names-as-keys.ts";

RuleTester.describe = (_: string, run: () => void) => {
  run();
};
RuleTester.it = (text: string, run: () => void) => {
  test(text, run);
};
const tester = new RuleTester({
  languageOptions: {
    parser: tseslint.parser,
    parserOptions: {
      projectService: { allowDefaultProject: ["*.ts"] },
      tsconfigRootDir: dirname(import.meta.dirname),
    },
  },
});
const given =
  "declare const table: Record<string, number>; declare const name: string; declare const any: any;\n";
const refused = (code: string) => ({ code: given + code, errors: [{ messageId: "key" }] });

tester.run("names as keys", namesAsKeys, {
  valid: [
    "table.fixed",
    'table["fixed"]',
    "declare const one: 'a' | 'b'; table[one]",
    "function of<K extends 'a' | 'b'>(one: K) { return { a: 1, b: 2 }[one]; }",
    "[1, 2][name.length]",
    "Object.hasOwn(table, name) ? table[name] : undefined",
    "({ [name]: 1 })",
    '"fixed" in table',
    "declare const key: keyof { a: 1 }; declare const of: { a: 1 }; of[key]",
  ].map((code) => ({ code: given + code })),
  invalid: [
    "table[name]",
    "table[name] = 1",
    "table[`of ${name}`]",
    "table[any]",
    "function of<K extends string>(one: K) { return table[one]; }",
    "name in table",
    "const { [name]: found } = table",
    "Object.hasOwn(table, 'other') ? table[name] : undefined",
    "Object.hasOwn(table, name) ? undefined : table[name]",
  ].map(refused),
});
