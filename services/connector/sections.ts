/**
 * The pipelines' own sections of a connector's configuration, each held to the schema that its pipeline declares.
 */
import { PavilionError } from "../../errors/errors.ts";
import { problemsWith } from "../../runtime/config.ts";
import type { Pipeline } from "../../runtime/contract/pipeline.ts";
import type { ConnectorConfig } from "../../schemas/json/connector-config.ts";

/** The sections by the pipelines' names. Throws CONFIG_INVALID that lists every problem. */
export function sectionsOf(
  { pipelines: given = {} }: ConnectorConfig,
  pipelines: readonly Pipeline[],
): ReadonlyMap<string, unknown> {
  const sections = new Map<string, unknown>(Object.entries(given));
  const taking = new Map(
    pipelines.flatMap(({ name, section }) => (section === undefined ? [] : [[name, section]])),
  );
  const unknown = [...sections.keys()].filter((name) => !taking.has(name));
  const problems = [
    ...unknown.map((name) => `no pipeline ${name} takes settings`),
    // What a pipeline needs it says in its schema: a section that is absent is an empty one.
    ...[...taking].flatMap(([name, schema]) => problemsWith(sections.get(name) ?? {}, schema, name)),
  ];
  if (problems.length > 0) {
    throw new PavilionError("CONFIG_INVALID", `Settings of pipelines: ${problems.join("; ")}.`);
  }
  return new Map([...taking.keys()].map((name) => [name, sections.get(name) ?? {}]));
}
