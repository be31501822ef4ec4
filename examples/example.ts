/**
 * The example that lies here: two providers' files, the population that their datasets are about, their collaboration, and the Core Broker's question.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import type { Collaboration } from "../schemas/json/collaboration.ts";
import type { Population } from "../schemas/json/population.ts";
import type { Asked } from "../services/clients/broker/request.ts";

const pathOf = (name: string): string => join(import.meta.dirname, name);

/** By provider. */
export const files: ReadonlyMap<string, string> = new Map([
  ["northwind-health", pathOf("febrl4a.csv")],
  ["southbank-insurance", pathOf("febrl4b.csv")],
]);

/** The collaboration with empty keys: they are made fresh. */
export const collaborationTemplate = (): Collaboration =>
  parse(readFileSync(pathOf("collaboration.yaml"), "utf8")) as Collaboration;

/** The population with empty keys. */
export const populationTemplate = (): Population =>
  parse(readFileSync(pathOf("population.yaml"), "utf8")) as Population;

export const requestDraft = (): Asked => JSON.parse(readFileSync(pathOf("request.json"), "utf8")) as Asked;
