/**
 * Makes the packages that others install, one archive each: `node scripts/pack.ts [--out DIR]`, `.pavilion/packages` unless told.
 *
 * A package holds what its entries import, compiled to JavaScript with declarations, since Node strips no types of what is
 * installed. It depends on exactly the versions of this repository, and on no more packages than that code names.
 */
import { execFileSync } from "node:child_process";
import { cpSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { tmpdir } from "node:os";
import { join, relative, resolve } from "node:path";
import { parseArgs } from "node:util";
import ts from "typescript";
import { repositoryRoot } from "./generated.ts";
import { packages, type PackagePlan } from "./packages.ts";

interface Manifest {
  readonly version: string;
  readonly license: string;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

/** Writes the archives into a folder; answers their paths, in the order of `packages`. */
export function pack(out: string): string[] {
  mkdirSync(out, { recursive: true });
  return packages.map((plan) => {
    const folder = mkdtempSync(join(tmpdir(), "pavilion-pack-"));
    try {
      compile(plan, folder);
      for (const path of ["LICENSE", ...globSync([...plan.files], { cwd: repositoryRoot })])
        cpSync(join(repositoryRoot, path), join(folder, path));
      cpSync(join(repositoryRoot, plan.readme), join(folder, "README.md"));
      writeFileSync(join(folder, "package.json"), `${JSON.stringify(manifestOf(plan, folder), null, 2)}\n`);
      const told = execFileSync("npm", ["pack", "--json", "--pack-destination", resolve(out)], {
        cwd: folder,
        encoding: "utf8",
      });
      const [{ filename } = { filename: "" }] = JSON.parse(told) as readonly { readonly filename: string }[];
      return join(out, filename);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
}

/** Emits the entries and everything that they import, at their places. */
function compile({ main, bin }: PackagePlan, folder: string): void {
  const config = ts.readConfigFile(join(repositoryRoot, "tsconfig.json"), (path) => ts.sys.readFile(path));
  const { options } = ts.parseJsonConfigFileContent(config.config, ts.sys, repositoryRoot);
  const program = ts.createProgram({
    rootNames: [main, ...Object.values(bin)].map((path) => join(repositoryRoot, path)),
    options: {
      ...options,
      ...{ noEmit: false, declaration: true, rewriteRelativeImportExtensions: true },
      ...{ rootDir: repositoryRoot, outDir: folder },
    },
  });
  const { diagnostics } = program.emit();
  if (diagnostics.length === 0) return;
  throw new Error(
    ts.formatDiagnostics(diagnostics, {
      getCanonicalFileName: (path) => path,
      getCurrentDirectory: () => repositoryRoot,
      getNewLine: () => "\n",
    }),
  );
}

function manifestOf({ name, description, main, bin }: PackagePlan, folder: string): object {
  const own = JSON.parse(readFileSync(join(repositoryRoot, "package.json"), "utf8")) as Manifest;
  const node = new Map(Object.entries(own.dependencies)).get("node") ?? "";
  const compiled = (path: string, ending: string): string => `./${path.replace(/\.ts$/, ending)}`;
  return {
    ...{ name, version: own.version, description, license: own.license, type: "module" },
    engines: { node: `>=${node.split(".", 1).join("")}` },
    exports: { ".": { types: compiled(main, ".d.ts"), default: compiled(main, ".js") } },
    bin: Object.fromEntries(Object.entries(bin).map(([command, path]) => [command, compiled(path, ".js")])),
    dependencies: dependenciesOf(folder, own),
  };
}

/** What code and declarations name, at the versions of this repository. */
function dependenciesOf(folder: string, { dependencies, devDependencies }: Manifest): Record<string, string> {
  const files = globSync("**/*.{js,d.ts}", { cwd: folder }).map((path) =>
    readFileSync(join(folder, path), "utf8"),
  );
  const named = new Set(files.flatMap((text) => [...packagesIn(text)]));
  const versions = new Map(Object.entries(dependencies));
  // Declarations speak of Node's own types.
  const types: [string, string] = ["@types/node", devDependencies["@types/node"] ?? ""];
  const pinned = [...named].map((name): [string, string] => {
    const version = versions.get(name);
    if (version === undefined) throw new Error(`${name} is imported, and no dependency of package.json.`);
    return [name, version];
  });
  return Object.fromEntries([...pinned, types].sort());
}

/** The packages that a module imports. */
function* packagesIn(text: string): Generator<string> {
  for (const { fileName } of ts.preProcessFile(text, true, true).importedFiles) {
    if (fileName.startsWith(".") || fileName.startsWith("node:") || builtinModules.includes(fileName))
      continue;
    yield /^(?:@[^/]+\/)?[^/]+/.exec(fileName)?.[0] ?? fileName;
  }
}

if (import.meta.main) {
  const standard = join(repositoryRoot, ".pavilion", "packages");
  const { values } = parseArgs({ options: { out: { type: "string", default: standard } } });
  for (const path of pack(values.out)) console.log(relative(process.cwd(), path));
}
