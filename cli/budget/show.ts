/**
 * `budget show POPULATION`: what a population's budget is at a home of the running stack, what is spent of it and what is left,
 * before anything is asked and after. The numbers are the ledger's own, of its latest charge.
 */
import { parseFraction } from "../../crypto/fraction/fraction.ts";
import { accountsBefore } from "../../domain/terms/home.ts";
import { homeIn } from "../../domain/terms/population.ts";
import { PavilionError } from "../../errors/errors.ts";
import { readBudgetStates } from "../../services/clients/budget-states.ts";
import { connectKafka } from "../../runtime/kafka/client.ts";
import type { Terms } from "../../services/clients/terms.ts";
import { openLog } from "../../runtime/log.ts";
import { openCodec } from "../../runtime/registry/codec.ts";
import type { BudgetState } from "../../schemas/avro/index.ts";
import type { Home, Population } from "../../schemas/json/population.ts";
import { operatorName } from "../../services/stack/stack.ts";
import { misuse } from "../../errors/misuse.ts";
import { runningStack } from "../stack/running.ts";
import { tableLines } from "../table.ts";
import { termsAsked } from "../terms/reading.ts";
import { standingOf, type BudgetLine } from "./standing.ts";
import { topics } from "../../pipelines/pipelines.ts";

interface Given {
  readonly region: string | undefined;
  readonly json: boolean;
}

export async function show([id, ...more]: readonly string[], given: Given): Promise<number> {
  if (id === undefined || more.length > 0) throw misuse("Name one population.");
  const { terms, region } = await termsAsked(given);
  const { population, home } = homeOf(terms, id, region);
  const state = await stateOf(id, region);
  const lines = standingOf(home, state);
  const carries = state === undefined ? accountsBefore(population, terms.collaborations) : [];
  if (given.json) {
    const { version } = population;
    const charged = { charges: state?.sequence ?? 0, latest: state === undefined ? null : timeOf(state) };
    console.log(
      JSON.stringify({ population: id, version, home: region, ...charged, budget: lines, carries }),
    );
  } else for (const line of words(population, region, state, lines, carries)) console.log(`  ${line}`);
  return 0;
}

function homeOf({ populations }: Terms, id: string, region: string): { population: Population; home: Home } {
  const population = populations.latest(id);
  if (population === undefined) {
    throw new PavilionError(
      "UNKNOWN_POPULATION",
      `No population ${id} is published in ${region}.`,
      "See which there are by ./pavilion population list.",
    );
  }
  const home = homeIn(population, region);
  if (home !== undefined) return { population, home };
  const homes = population.homes.map((one) => one.region).join(", ");
  throw new PavilionError(
    "NOT_HOME_REGION",
    `The budget of ${id} is spent in ${homes}, not in ${region}.`,
    "Name a home of it by --region.",
  );
}

async function stateOf(id: string, region: string): Promise<BudgetState | undefined> {
  const { bootstrap, registryUrl, passwords } = runningStack();
  const access = { bootstrap, username: operatorName, password: passwords[operatorName] ?? "" };
  const log = openLog({ service: "operator" }, "warn", "stderr");
  const kafka = connectKafka(access, operatorName, log);
  const codec = await openCodec(registryUrl, topics);
  return (await readBudgetStates({ kafka, codec, log }, region)).get(id);
}

function words(
  { id, version }: Population,
  region: string,
  state: BudgetState | undefined,
  lines: readonly BudgetLine[],
  carries: readonly string[],
): string[] {
  const rows = lines.map(({ days, epsilon, delta }) => [
    days === null ? "for good" : `within ${String(days)} days`,
    ...[epsilon.budget, epsilon.spent, epsilon.left],
    ...[delta.budget, delta.spent, delta.left].map(rounded),
  ]);
  const titles = ["", "ε budget", "spent", "left", "δ budget", "δ spent", "δ left"];
  return [
    `${id}, version ${String(version)}, at home in ${region}`,
    ...tableLines(titles, rows, titles.slice(1)),
    state === undefined
      ? "nothing was charged yet"
      : `after ${String(state.sequence)} charges, the latest at ${timeOf(state)}; what has left a window since then is free again besides`,
    ...(carries.length === 0
      ? []
      : [`its first charge takes over what was spent before, by the accounts ${carries.join(", ")}`]),
  ];
}

const timeOf = ({ time }: BudgetState): string => new Date(time).toISOString();

/** For people: three digits of a fraction that may have thirty. */
function rounded(text: string): string {
  const { numerator, denominator } = parseFraction(text);
  return numerator === 0n ? "0" : (Number(numerator) / Number(denominator)).toPrecision(3);
}
