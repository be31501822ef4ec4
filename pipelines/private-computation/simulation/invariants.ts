/**
 * What must hold after every run, whatever failed: each request has one result or one error, the budget equals the
 * spends, each leaf is in the log once, every answered question has the answer it always has and one bundle, and nothing
 * is given up.
 */
import { verifyCheckpoint } from "../../../crypto/checkpoint/checkpoint.ts";
import { addFractions, compareFractions, parseFraction } from "../../../crypto/fraction/fraction.ts";
import { verifyInclusion } from "../../../crypto/merkle/merkle.ts";
import { hashOfLeaf, originOf } from "../../../domain/log/leaves.ts";
import { textDigest } from "../../../domain/terms/request.ts";
import { parseDocument } from "../../../schemas/reading/validate.ts";
import type { EventTypes, Result } from "../../../schemas/avro/index.ts";
import type { MatchLeaf } from "../../../schemas/json/match-leaf.ts";
import type { SpendLeaf } from "../../../schemas/json/spend-leaf.ts";
import { collaboration, logSigner, population, region } from "./region.ts";
import type { Manner, Told } from "./load.ts";
import type { World } from "../../../simulation/world.ts";
import type { Facts } from "../../../simulation/scenario.ts";
import type { TopicName } from "../../../schemas/topics.ts";

/** What a request may end with, by the last digit of its id; several where it depends on who came first. */
const ends: ReadonlyMap<string, readonly string[]> = new Map([
  ["1", ["provisional", "BUDGET_EXHAUSTED"]],
  ["2", ["provisional", "BUDGET_EXHAUSTED"]],
  ["3", ["POLICY_DENIED"]],
  ["4", ["provisional", "BUDGET_EXHAUSTED"]],
  ["5", ["provisional", "BUDGET_EXHAUSTED"]],
  ["6", ["provisional"]],
  ["7", ["provisional"]],
  ["8", ["BUDGET_EXHAUSTED"]],
  ["9", ["provisional"]],
]);

/** What a request may end with besides, where deadlines passed. */
const lateEnds = ["DEADLINE_PASSED", "CLOCK_SKEW", "REGION_UNAVAILABLE", "STALE_SEED"];

/** What a request may end with besides, where the limits are tight. */
const limitEnds = ["RATE_LIMITED", "EVIDENCE_BEHIND"];

/** Violations, in words. The facts are the groups that each question is answered with: the noise is fixed by what is asked. */
export function violationsOf(world: World, { manner, asked, copies }: Told, facts: Facts): string[] {
  const all = world.events<"Result">("broker.results.<broker>").map(({ value }) => value);
  const results = all.filter(({ unsigned }) => !unsigned);
  return [
    ...digestsOnce(all, copies),
    ...resultsOnce(results, asked, manner),
    ...toldOnce(world, results),
    ...sameAnswers(results, facts),
    ...budgetKept(world, results),
    ...(manner === "over a year" ? historyKept(world, results) : []),
    ...leavesOnce(world),
    ...bundlesOnce(world, results),
    ...nothingGivenUp(world),
  ];
}

/** One digest, one result; and each of the adversary's records has its own. */
function digestsOnce(all: readonly Result[], copies: number): string[] {
  const digests = new Set(all.map(({ requestDigest }) => requestDigest));
  const unsigned = all.filter((result) => result.unsigned);
  return [
    ...(digests.size < all.length ? ["a digest has two results"] : []),
    ...(unsigned.length === copies
      ? []
      : [`${String(copies)} records that nobody signed have ${String(unsigned.length)} answers`]),
    ...unsigned
      .filter(({ tenant, answer }) => tenant !== "unknown" || answer !== null)
      .map(({ requestId }) => `a record that nobody signed is answered in a tenant's name: ${requestId}`),
  ];
}

/** The operator and every provider are told once how each request ended. */
function toldOnce(world: World, results: readonly Result[]): string[] {
  const ends = (topic: TopicName): string[] =>
    world
      .events<"RequestEntry">(topic)
      .map(({ value: { request, status, code } }) => `${request.digest} ${code ?? status}`);
  const expected = results.map(({ requestDigest, code }) => `${requestDigest} ${code ?? "answered"}`);
  const providers = collaboration.providers.flatMap(() => expected);
  return [
    ...(ends("requests.ended").sort().join() === expected.sort().join()
      ? []
      : ["the operator's list is not the results"]),
    ...(ends("provider.requests.<provider>").sort().join() === providers.sort().join()
      ? []
      : ["the providers' lists are not the results"]),
  ];
}

const digitOf = ({ requestId }: Result): string => requestId.slice(-1);

function resultsOnce(results: readonly Result[], asked: Told["asked"], manner: Manner): string[] {
  const found: string[] = [];
  for (const { requestId, document } of asked) {
    const own = results.filter(({ requestDigest }) => requestDigest === textDigest(document));
    if (own.length !== 1) found.push(`request ${requestId.slice(-1)} has ${String(own.length)} results`);
  }
  for (const result of results) {
    const end = result.code ?? result.status;
    const isLate = manner === "late" && lateEnds.includes(end);
    const isTooMuch = manner === "beyond limits" && limitEnds.includes(end);
    if (!isLate && !isTooMuch && ends.get(digitOf(result))?.includes(end) !== true)
      found.push(`request ${digitOf(result)} ends in ${end}`);
  }
  // More than twice as many as a partition lets be asked within a minute, and two partitions.
  if (manner === "beyond limits" && !results.some(({ code }) => limitEnds.includes(code ?? "")))
    found.push("no limit was reached");
  return found;
}

function sameAnswers(results: readonly Result[], facts: Facts): string[] {
  return results.flatMap((result) => {
    if (result.answer === null) return [];
    const groups = JSON.stringify(result.answer.groups);
    // The last one asks what the first one did. Those before it are issued when a run comes to them, and their noise goes by that.
    const asks = digitOf(result) === "9" ? "1" : digitOf(result);
    if (Number(asks) > 5) return [];
    const known = facts.get(asks) ?? groups;
    facts.set(asks, known);
    return known === groups ? [] : [`request ${digitOf(result)} has another answer than before`];
  });
}

function budgetKept(world: World, results: readonly Result[]): string[] {
  const found: string[] = [];
  const spends = world
    .events<"AuditEvent">("audit.events")
    .flatMap(({ value }) => (value.action === "budget.spent" ? [value] : []));
  const charged = results.filter(({ answer }) => answer !== null && answer.epsilonSpent !== "0");
  const idsOf = (list: readonly { requestId: string | null }[]): string =>
    list
      .map(({ requestId }) => requestId)
      .sort()
      .join();
  if (idsOf(spends) !== idsOf(charged)) found.push("the charged answers are not the spends");
  const spent = charged
    .map(({ answer }) => parseFraction(answer?.epsilonSpent ?? "0"))
    .reduce(addFractions, parseFraction("0"));
  if (compareFractions(spent, parseFraction(population.budget.epsilon)) > 0)
    found.push("more was spent than the budget has");
  const leaves = world
    .events<"LogLeaf">("proofs.pending")
    .filter(({ value }) => value.kind === "spend").length;
  if (leaves !== spends.length) found.push(`${String(spends.length)} spends have ${String(leaves)} leaves`);
  return found;
}

/** What an earlier version spent counts, in windows only while it lies within them; and what was paid is paid. */
function historyKept(world: World, results: readonly Result[]): string[] {
  const found: string[] = [];
  const [window] = population.budget.windows;
  const isLater = (result: Result): boolean => Number(digitOf(result)) >= 6;
  for (const [when, own] of [
    ["first", [...results.filter((result) => !isLater(result)).map(spentOn), "1/2"]],
    ["second", results.filter(isLater).map(spentOn)],
  ] as const) {
    const spent = own.map((epsilon) => parseFraction(epsilon)).reduce(addFractions);
    if (compareFractions(spent, parseFraction(window?.epsilon ?? "0")) > 0)
      found.push(`more was spent in the ${when} window than it has`);
  }
  const again = results.find((result) => digitOf(result) === "9");
  if (again !== undefined && spentOn(again) !== "0") found.push("what was paid a year ago is charged again");
  const total = results
    .map((result) => parseFraction(spentOn(result)))
    .reduce(addFractions, parseFraction("3/2"));
  const leaves = world
    .events<"LogLeaf">("proofs.pending")
    .filter(({ value }) => value.kind === "spend")
    .map(({ value }) => JSON.parse(value.text) as SpendLeaf);
  const last = leaves.reduce((one, other) => (one.sequence > other.sequence ? one : other));
  if (compareFractions(parseFraction(last.total), total) !== 0)
    found.push("the ledger's total is not what was spent before and since");
  return found;
}

const spentOn = ({ answer }: Result): string => answer?.epsilonSpent ?? "0";

function leavesOnce(world: World): string[] {
  const pending = world.events<"LogLeaf">("proofs.pending").map(({ value }) => value.text);
  const anchored = world.events<"AnchoredLeaf">("proofs.anchored").map(({ value }) => value);
  const found: string[] = [];
  if (anchored.some(({ index }, place) => index !== place)) found.push("the log's indices are not 0, 1, 2 …");
  const texts = anchored.filter(({ kind }) => kind !== "seed").map(({ text }) => text);
  if (texts.sort().join() !== pending.sort().join())
    found.push("the log's leaves are not the pending ones, each once");
  return found;
}

function bundlesOnce(world: World, results: readonly Result[]): string[] {
  const found: string[] = [];
  const bundles = world.events<"EvidenceBundle">("evidence.bundles").map(({ value }) => value);
  const expected = results.filter(({ requestDigest, evidenceFor }) => requestDigest === evidenceFor);
  if (
    bundles
      .map(({ requestDigest }) => requestDigest)
      .sort()
      .join() !==
    expected
      .map(({ requestDigest }) => requestDigest)
      .sort()
      .join()
  ) {
    found.push("the bundles are not the charged answers', each once");
  }
  for (const bundle of bundles) {
    const told = results.find(({ requestDigest }) => requestDigest === bundle.requestDigest);
    if (told !== undefined) found.push(...bundleFaults(bundle, told));
  }
  return found;
}

function bundleFaults({ text }: EventTypes["EvidenceBundle"], told: Result): string[] {
  const { log, credential } = parseDocument("evidence-bundle", text);
  const found: string[] = [];
  if (credential !== told.credential) found.push("a bundle has another credential than its result");
  const { root, size } = verifyCheckpoint(log.checkpoint, {
    origin: originOf(region),
    publicKey: logSigner.publicKey,
  });
  const leaves = { seed: log.seed, match: log.match, spend: log.spend };
  for (const [name, { leaf, index, proof }] of Object.entries(leaves)) {
    if (!verifyInclusion(hashOfLeaf(leaf), index, size, proof, root))
      found.push(`a bundle's ${name} leaf is not in the log`);
  }
  const hashes = [log.match, log.spend].map(({ leaf }) => hashOfLeaf(leaf as unknown as MatchLeaf));
  if (hashes.join() !== [told.matchLeaf, told.spendLeaf].join())
    found.push("a bundle is over other leaves than its result");
  return found;
}

/** Codes of what an adversary's records are put away with. */
const unreadable = ["EVENT_UNREADABLE", "EVENT_MISPLACED", "EVENT_TYPE_UNKNOWN"];

const nothingGivenUp = (world: World): string[] =>
  world
    .deadLetters()
    .filter(({ value }) => !(value.stage === "routing" && unreadable.includes(value.code)))
    .map(({ value }) => `${value.stage} gave an input up: ${value.code} ${value.cause ?? ""}`);
