/**
 * Writes a TypeScript interface beside every Avro schema of `schemas/avro/` (Apache Avro 1.12, schema declaration),
 * and an index of them all. The types say what the avsc library decodes a value to: long, int, float and double are
 * numbers (avsc refuses longs beyond 2^53), bytes and fixed are Buffers, enums are unions of literals.
 *
 * A file holds one record of its own name in the namespace `pavilion`; records of other files are referred to by full
 * name, in any order. Unions that avsc would wrap because two branches look alike in JavaScript are refused.
 */
import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { generate, repositoryRoot, sourcesIn, typescriptFile } from "./generated.ts";
import type { GeneratedFile } from "./generated.ts";

const script = "scripts/generate-avro-types.ts";
const namespace = "pavilion";

type Schema = string | Schema[] | SchemaObject;

interface SchemaObject {
  readonly type: Schema;
  readonly name?: string;
  readonly namespace?: string;
  readonly doc?: string;
  readonly fields?: readonly Field[];
  readonly symbols?: readonly string[];
  readonly items?: Schema;
  readonly values?: Schema;
}

interface Field {
  readonly name: string;
  readonly type: Schema;
  readonly doc?: string;
}

/** What a value looks like in JavaScript, as far as avsc can tell union branches apart. */
type Kind = "null" | "boolean" | "number" | "string" | "buffer" | "array" | "object";

interface NamedType {
  /** The schema file, without its extension, whose module exports the type. */
  readonly module: string;
  readonly kind: Kind;
}

interface Rendering {
  readonly module: string;
  readonly named: ReadonlyMap<string, NamedType>;
  readonly declarations: string[];
  readonly imports: Set<string>;
}

const primitives: ReadonlyMap<string, { readonly text: string; readonly kind: Kind }> = new Map([
  ["null", { text: "null", kind: "null" }],
  ["boolean", { text: "boolean", kind: "boolean" }],
  ["int", { text: "number", kind: "number" }],
  ["long", { text: "number", kind: "number" }],
  ["float", { text: "number", kind: "number" }],
  ["double", { text: "number", kind: "number" }],
  ["string", { text: "string", kind: "string" }],
  ["bytes", { text: "Buffer", kind: "buffer" }],
]);

const namedKinds: ReadonlyMap<string, Kind> = new Map([
  ["record", "object"],
  ["enum", "string"],
  ["fixed", "buffer"],
]);

export async function render(folder: string): Promise<GeneratedFile[]> {
  const named = new Map<string, NamedType>();
  const schemas = new Map<string, SchemaObject>();
  for (const name of await sourcesIn(folder, ".avsc")) {
    const module = basename(name, ".avsc");
    const schema = fileRecord(module, JSON.parse(await readFile(join(folder, name), "utf8")) as Schema);
    declareNames(schema, module, named);
    schemas.set(module, schema);
  }
  if (schemas.size === 0) return [];

  const files: GeneratedFile[] = [];
  for (const [module, schema] of schemas) {
    const body = renderModule(module, schema, named);
    files.push({ name: `${module}.ts`, text: await typescriptFile(`${module}.avsc`, script, body) });
  }
  const index = renderIndex([...schemas.keys()], named);
  files.push({ name: "index.ts", text: await typescriptFile("*.avsc", script, index) });
  return files;
}

/** The schema of a file, once it is known to be a record that bears the file's name. */
function fileRecord(module: string, schema: Schema): SchemaObject {
  if (typeof schema === "string" || Array.isArray(schema) || schema.type !== "record") {
    throw new Error(`${module}.avsc: holds no record; one record a file`);
  }
  if (module === "index" || schema.name !== module || schema.namespace !== namespace) {
    throw new Error(`${module}.avsc: must declare ${namespace}.${module}, and no file is called index`);
  }
  return schema;
}

function declareNames(schema: Schema, module: string, named: Map<string, NamedType>): void {
  if (typeof schema === "string") return;
  if (Array.isArray(schema)) {
    for (const branch of schema) declareNames(branch, module, named);
    return;
  }
  const kind = typeof schema.type === "string" ? namedKinds.get(schema.type) : undefined;
  if (kind !== undefined) {
    const name = fullName(schema.name ?? "", module);
    const earlier = named.get(name);
    if (earlier !== undefined)
      throw new Error(`${module}.avsc: ${name} is declared in ${earlier.module}.avsc too`);
    named.set(name, { module, kind });
  }
  const parts = [...(schema.fields ?? []).map((field) => field.type), schema.items, schema.values];
  for (const part of parts) if (part !== undefined) declareNames(part, module, named);
  if (typeof schema.type === "object") declareNames(schema.type, module, named);
}

/** A type's name with its namespace. Only one namespace is in use, so that the last part alone is unique. */
function fullName(name: string, module: string): string {
  const full = name.includes(".") ? name : `${namespace}.${name}`;
  if (!/^pavilion\.[A-Z][A-Za-z0-9]*$/.test(full)) {
    throw new Error(`${module}.avsc: ${JSON.stringify(name)} is no type name of the form ${namespace}.Name`);
  }
  return full;
}

const shortName = (full: string): string => full.slice(namespace.length + 1);

function renderModule(module: string, schema: SchemaObject, named: ReadonlyMap<string, NamedType>): string {
  const rendering: Rendering = { module, named, declarations: [], imports: new Set() };
  renderType(schema, rendering);
  const imports = [...rendering.imports].sort().map((full) => {
    const source = named.get(full)?.module ?? module;
    return `import type { ${shortName(full)} } from "./${source}.ts";\n`;
  });
  return `${imports.join("")}\n${rendering.declarations.join("\n")}`;
}

/** The type's TypeScript text. Types declared on the way are added to the module's declarations, the outer first. */
function renderType(schema: Schema, rendering: Rendering): string {
  if (typeof schema === "string") return renderReference(schema, rendering);
  if (Array.isArray(schema)) return renderUnion(schema, rendering);
  switch (schema.type) {
    case "record":
      return renderRecord(schema, rendering);
    case "enum":
      return declare(schema, rendering, (name) => `export type ${name} = ${literals(schema, rendering)};\n`);
    case "fixed":
      return declare(schema, rendering, (name) => `export type ${name} = Buffer;\n`);
    case "array":
      return `(${renderType(required(schema.items, "items", rendering), rendering)})[]`;
    case "map":
      return `Record<string, ${renderType(required(schema.values, "values", rendering), rendering)}>`;
    default:
      return renderType(schema.type, rendering);
  }
}

function renderReference(name: string, rendering: Rendering): string {
  const primitive = primitives.get(name);
  if (primitive !== undefined) return primitive.text;
  const full = fullName(name, rendering.module);
  const target = rendering.named.get(full);
  if (target === undefined) throw new Error(`${rendering.module}.avsc: no schema declares ${full}`);
  if (target.module !== rendering.module) rendering.imports.add(full);
  return shortName(full);
}

function renderUnion(branches: readonly Schema[], rendering: Rendering): string {
  const kinds = branches.map((branch) => kindOf(branch, rendering));
  if (new Set(kinds).size !== kinds.length) {
    throw new Error(
      `${rendering.module}.avsc: a union has two branches of the same kind (${kinds.join(", ")})`,
    );
  }
  const texts = branches.map((branch) => renderType(branch, rendering));
  return [...texts.filter((text) => text !== "null"), ...texts.filter((text) => text === "null")].join(" | ");
}

function renderRecord(schema: SchemaObject, rendering: Rendering): string {
  return declare(schema, rendering, (name) => {
    const fields = required(schema.fields, "fields", rendering).map(
      (field) => `${comment(field.doc)}${field.name}: ${renderType(field.type, rendering)};\n`,
    );
    return `export interface ${name} {\n${fields.join("")}}\n`;
  });
}

function declare(schema: SchemaObject, rendering: Rendering, body: (name: string) => string): string {
  const name = shortName(fullName(schema.name ?? "", rendering.module));
  const place = rendering.declarations.push("") - 1;
  rendering.declarations[place] = comment(schema.doc) + body(name);
  return name;
}

function literals(schema: SchemaObject, rendering: Rendering): string {
  const symbols = required(schema.symbols, "symbols", rendering);
  if (symbols.length === 0) throw new Error(`${rendering.module}.avsc: an enum has no symbols`);
  return symbols.map((symbol) => JSON.stringify(symbol)).join(" | ");
}

function kindOf(schema: Schema, rendering: Rendering): Kind {
  if (Array.isArray(schema)) throw new Error(`${rendering.module}.avsc: a union directly inside a union`);
  if (typeof schema !== "string") {
    if (schema.type === "array") return "array";
    if (schema.type === "map") return "object";
    const kind = typeof schema.type === "string" ? namedKinds.get(schema.type) : undefined;
    return kind ?? kindOf(schema.type, rendering);
  }
  const kind = primitives.get(schema)?.kind ?? rendering.named.get(fullName(schema, rendering.module))?.kind;
  if (kind === undefined) throw new Error(`${rendering.module}.avsc: no schema declares ${schema}`);
  return kind;
}

function required<Value>(value: Value | undefined, member: string, rendering: Rendering): Value {
  if (value === undefined) throw new Error(`${rendering.module}.avsc: a type lacks its "${member}"`);
  return value;
}

function comment(doc: string | undefined): string {
  if (doc === undefined) return "";
  const lines = doc.replaceAll("*/", "*\\/").split("\n");
  return lines.length === 1
    ? `/** ${lines.join("")} */\n`
    : `/**\n${lines.map((line) => ` * ${line}\n`).join("")} */\n`;
}

function renderIndex(modules: readonly string[], named: ReadonlyMap<string, NamedType>): string {
  const imports = modules.map((module) => `import type { ${module} } from "./${module}.ts";\n`);
  const exports = modules.map((module) => {
    const names = [...named].filter(([, type]) => type.module === module).map(([full]) => shortName(full));
    return `export type { ${names.sort().join(", ")} } from "./${module}.ts";\n`;
  });
  const members = modules.map((module) => `${module}: ${module};\n`);
  return `${imports.join("")}\n${exports.join("")}
/** Every record that has a schema of its own, by name. */
export interface EventTypes {\n${members.join("")}}\n
export type EventName = keyof EventTypes;\n`;
}

if (import.meta.main) {
  const folder = join(repositoryRoot, "schemas", "avro");
  process.exitCode = await generate({ script, render }, folder, process.argv.slice(2));
}
