/**
 * The scenarios of the listed pipelines: each that brings one has it in `simulation/scenario.ts` of its own folder, as
 * `scenario`. It may play other pipelines beside its own.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { pipelines } from "../pipelines/pipelines.ts";
import type { AnyScenario } from "./scenario.ts";

/** By the name of the pipeline that brings it. */
export const scenarios: ReadonlyMap<string, AnyScenario> = new Map(
  await Promise.all(
    pipelines
      .map(({ name, folder }) => ({ name, file: join(folder, "simulation", "scenario.ts") }))
      .filter(({ file }) => existsSync(file))
      .map(async ({ name, file }): Promise<[string, AnyScenario]> => {
        const { scenario } = (await import(pathToFileURL(file).href)) as { scenario: AnyScenario };
        return [name, scenario];
      }),
  ),
);
