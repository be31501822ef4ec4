/**
 * The Avro schemas in schemas/avro/, and those that pipelines bring, each made self-contained as the registry wants it: a named type stands in full
 * where it first occurs and by name after that (Avro 1.12, "Names").
 */
import { readdirSync, readFileSync } from "node:fs";
import type { EventName } from "../avro/index.ts";

type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

const folders: URL[] = [new URL("../avro/", import.meta.url)];
const namespace = "pavilion.";

/** Full name of an event's record; also its CloudEvents type and its registry subject. */
export const fullName = (event: EventName): string => namespace + event;

/** The event of a full name, or undefined where there is none. */
export function eventOf(name: string): EventName | undefined {
  const event = name.slice(namespace.length);
  return name.startsWith(namespace) && filesByEvent().has(event) ? (event as EventName) : undefined;
}

/** By event, the file that holds its schema. */
let files: Map<string, URL> | undefined;

/**
 * Adds a folder of schemas, whose events a pipeline brings. Throws where an event has a schema already.
 *
 * @public
 */
export function bringSchemas(folder: URL): void {
  if (folders.some(({ href }) => href === folder.href)) return;
  folders.push(folder);
  files = undefined;
  filesByEvent();
}

/** Every event that has a schema. */
export const eventNames = (): EventName[] => [...filesByEvent().keys()] as EventName[];

function filesByEvent(): Map<string, URL> {
  if (files !== undefined) return files;
  files = new Map();
  for (const folder of folders) {
    for (const file of readdirSync(folder).filter((name) => name.endsWith(".avsc"))) {
      const event = file.slice(0, -".avsc".length);
      if (files.has(event)) throw new Error(`two schemas define the event ${event}`);
      files.set(event, new URL(file, folder));
    }
  }
  return files;
}

const selfContained = new Map<EventName, string>();

/** The event's schema as JSON text, with every named type it needs inside. */
export function schemaText(event: EventName): string {
  let text = selfContained.get(event);
  if (text === undefined) {
    text = JSON.stringify(inline(fullName(event), new Set()));
    selfContained.set(event, text);
  }
  return text;
}

function fileOf(event: EventName): URL {
  const file = filesByEvent().get(event);
  if (file === undefined) throw new Error(`the event ${event} has no schema`);
  return file;
}

function inline(schema: Json, defined: Set<string>): Json {
  if (typeof schema === "string") {
    const event = eventOf(schema);
    if (event === undefined || defined.has(schema)) return schema;
    defined.add(schema);
    return inline(JSON.parse(readFileSync(fileOf(event), "utf8")) as Json, defined);
  }
  if (Array.isArray(schema)) return schema.map((member) => inline(member, defined));
  if (schema === null || typeof schema !== "object") return schema;
  const copy: Record<string, Json> = { ...schema };
  for (const part of ["type", "items", "values"] as const) {
    const inner = copy[part];
    if (inner !== undefined) copy[part] = inline(inner, defined);
  }
  const fields = copy.fields;
  if (Array.isArray(fields)) copy.fields = fields.map((field) => inline(field, defined));
  return copy;
}
