/**
 * Typed linting, strict. Beyond the presets: no floating promise but node:test's own calls, limits on length, and the
 * part of the dependency rule that imports cannot show: stages and crypto read no clock, randomness or environment.
 */
import { defineConfig } from "eslint/config";
import tseslint from "typescript-eslint";
import { namesAsKeys } from "./scripts/names-as-keys.ts";

const tests = ["**/*.test.ts", "**/testing/**/*.ts", "test/**/*.ts"];

const drawsRandomness = [
  "generateKey",
  "generateKeyPair",
  "generateKeyPairSync",
  "generateKeySync",
  "generatePrime",
  "generatePrimeSync",
  "getRandomValues",
  "randomBytes",
  "randomFill",
  "randomFillSync",
  "randomInt",
  "randomUUID",
];
/** A URL's path is percent-encoded: as a path of files it fails in folders with spaces, umlauts, # or %. */
const urlPath = {
  selector: "MemberExpression[property.name='pathname']",
  message: "A URL's pathname is no path of files: join(import.meta.dirname, …), or fileURLToPath.",
};
/** A command that is printed with something filled in goes through runtime/shell.ts, which quotes it. */
const unquoted = {
  selector:
    ":not(TaggedTemplateExpression) > TemplateLiteral > TemplateElement[tail=false][value.raw=/(\\.\\/pavilion|chmod|sudo) [^.,;\\\\\\n]*$/]",
  message: "A command to be copied is quoted: shell`./pavilion … ${file}`.",
};
const handed = "Clock, randomness and environment are handed in.";

export default defineConfig(
  {
    ignores: [
      "node_modules/",
      ".pavilion/",
      "schemas/avro/*.ts",
      "schemas/json/*.ts",
      "!schemas/**/*.test.ts",
    ],
  },
  tseslint.configs.strictTypeChecked,
  tseslint.configs.stylisticTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    linterOptions: { reportUnusedDisableDirectives: "error" },
    plugins: { pavilion: { rules: { "names-as-keys": namesAsKeys } } },
    rules: {
      eqeqeq: "error",
      "max-lines": ["error", { max: 400, skipBlankLines: true, skipComments: true }],
      "max-lines-per-function": ["error", { max: 80, skipBlankLines: true, skipComments: true }],
      "no-console": "error",
      "no-param-reassign": "error",
      "no-restricted-syntax": ["error", urlPath],
      "pavilion/names-as-keys": "error",
      "prefer-const": "error",
      "@typescript-eslint/consistent-type-exports": "error",
      "@typescript-eslint/consistent-type-imports": "error",
      // Interfaces that others merge into: topics, events.
      "@typescript-eslint/no-empty-object-type": ["error", { allowInterfaces: "with-single-extends" }],
      "@typescript-eslint/no-unused-vars": [
        "error",
        { argsIgnorePattern: "^_", varsIgnorePattern: "^_", caughtErrorsIgnorePattern: "^_" },
      ],
      "@typescript-eslint/switch-exhaustiveness-check": [
        "error",
        { considerDefaultExhaustiveForUnions: true, requireDefaultForNonUnion: true },
      ],
    },
  },
  {
    files: ["cli/**/*.ts", "scripts/**/*.ts", "simulation/command.ts", "examples/**/*.ts"],
    rules: { "no-console": "off" },
  },
  {
    files: ["cli/**/*.ts", "services/**/*.ts", "runtime/**/*.ts", "verifier/**/*.ts"],
    ignores: tests,
    rules: { "no-restricted-syntax": ["error", urlPath, unquoted] },
  },
  {
    files: ["stages/**/*.ts", "domain/**/*.ts", "crypto/**/*.ts"],
    ignores: tests,
    rules: {
      "no-restricted-globals": [
        "error",
        ...["process", "performance", "setTimeout", "setInterval", "fetch", "WebSocket"].map((name) => ({
          name,
          message: handed,
        })),
      ],
      "no-restricted-properties": [
        "error",
        ...[
          ["Date", "now"],
          ["Math", "random"],
          ["globalThis", "process"],
          ["globalThis", "crypto"],
          ["crypto", "getRandomValues"],
          ["crypto", "randomUUID"],
          ["webcrypto", "getRandomValues"],
          ["webcrypto", "randomUUID"],
        ].map(([object, property]) => ({ object, property, message: handed })),
      ],
      "no-restricted-syntax": [
        "error",
        urlPath,
        { selector: "NewExpression[callee.name='Date'][arguments.length=0]", message: handed },
        { selector: "CallExpression[callee.name='Date']", message: handed },
        { selector: "MemberExpression[property.name=/^randombytes_/]", message: handed },
      ],
      "no-restricted-imports": "off",
      "@typescript-eslint/no-restricted-imports": [
        "error",
        {
          paths: ["node:crypto", "crypto"].map((name) => ({
            name,
            importNames: ["default", ...drawsRandomness],
            message: handed,
          })),
          patterns: [{ group: ["@noble/*", "@noble/*/**"], importNames: ["randomBytes"], message: handed }],
        },
      ],
    },
  },
  {
    files: tests,
    rules: {
      "max-lines-per-function": "off",
      "no-console": "error",
      // A test's names are its own.
      "pavilion/names-as-keys": "off",
      // node:test runs what these return; awaiting them at top level would only serialise the file.
      "@typescript-eslint/no-floating-promises": [
        "error",
        {
          allowForKnownSafeCalls: [
            {
              from: "package",
              package: "node:test",
              name: ["test", "it", "describe", "suite", "before", "after", "beforeEach", "afterEach"],
            },
          ],
        },
      ],
    },
  },
  {
    files: ["**/*.js", "**/*.cjs", "**/*.mjs"],
    extends: [tseslint.configs.disableTypeChecked],
    rules: { "pavilion/names-as-keys": "off" },
  },
);
