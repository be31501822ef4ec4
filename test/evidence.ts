/**
 * A connector in miniature: answers a question as the stages do, by their own code where it is pure, and puts the
 * evidence together. It can be told to lie, in one way or several; then everything that it signs and hashes itself still
 * fits the lie, as a connector's would that had thought it through.
 */
import { createHash } from "node:crypto";
import {
  addPoints,
  commitSums,
  decodePoint,
  decodeScalar,
  encodePoint,
  encodeScalar,
  generator,
  blindingGenerator,
  multiply,
  ORDER,
  proveRepresentation,
  scalarFrom,
} from "../crypto/commitment/commitment.ts";
import type { ReleaseInput } from "../pipelines/private-computation/circuit.ts";
import { seedCommitmentOf, seedFrom } from "../crypto/groth16/seed.ts";
import { signDetached } from "../crypto/jws/jws.ts";
import { signatureType } from "../schemas/reading/validate.ts";
import {
  bySlot,
  committedColumns,
  coordinatesOf,
  layoutOf,
  positionOf,
} from "../domain/statistics/coordinates.ts";
import { populationTerms } from "../domain/terms/home.ts";
import { homeIn } from "../domain/terms/population.ts";
import { hashOfLeaf } from "../domain/log/leaves.ts";
import { deltaOf, scalesFor, widthsOf } from "../domain/statistics/mechanism.ts";
import {
  basesOf,
  groupNumber,
  openingOf,
  partsOf,
  remainderContext,
  type Opening,
  type Part,
} from "../domain/statistics/opening.ts";
import { readRequest, signRequest } from "../domain/terms/request.ts";
import type { Prover } from "../runtime/prover/prover.ts";
import type { Cell, Plan, ReleasedAggregate, ReleasedCell, RequestRef } from "../schemas/avro/index.ts";
import type { Collaboration } from "../schemas/json/collaboration.ts";
import type {
  BundledRequest,
  EvidenceBundleDocument,
  PartProof,
  ReleasedGroup,
  SignedHead,
} from "../schemas/json/evidence-bundle.ts";
import type { MatchLeaf } from "../schemas/json/match-leaf.ts";
import type { Request } from "../schemas/json/request.ts";
import type { SeedLeaf } from "../schemas/json/seed-leaf.ts";
import type { SpendLeaf } from "../schemas/json/spend-leaf.ts";
import { commitAggregate } from "../stages/aggregate/commitment.ts";
import { groupingsFor, statisticsFor } from "../domain/statistics/question.ts";
import { spendLeafOf } from "../stages/dp/spend-leaf.ts";
import { answerOf } from "../domain/statistics/answer.ts";
import { credentialOf, signCredential } from "../domain/credentials/result-credential.ts";
import { proveGroup } from "../stages/zkp/proof.ts";
import { MiniatureLog } from "./evidence-log.ts";
import {
  circuitHash,
  collaborationOf,
  MINIMUM,
  people,
  populationOf,
  policyHash,
  REGION,
  signedPopulation,
  signedTerms,
  type Connector,
  type Parties,
} from "./evidence-terms.ts";
import { blindingUnder } from "../domain/log/testing/seeds.ts";
import type { Lies } from "./evidence-lies.ts";

export interface Told {
  readonly parties: Parties;
  readonly connector: Connector;
  readonly prover: Prover<ReleaseInput>;
  readonly question: Request["question"];
  /** Tells requests apart. */
  readonly nonce: number;
  readonly lies?: Lies;
  /** Has the zkp stage's own code prove, which cannot lie. */
  readonly byStage?: true;
}

/** By total and state; in two parts, since four statistics are behind it. */
export const fullQuestion: Request["question"] = {
  measures: [
    { kind: "count" },
    { kind: "mean", of: { dataset: "people", column: "age" } },
    { kind: "sum", of: { dataset: "visits", column: "stays" } },
  ],
  groupings: [{ by: "total" }, { by: { dataset: "people", column: "state" } }],
};
/** Two parts of two groups, and a third that is suppressed. */
export const groupedQuestion = { ...fullQuestion, groupings: fullQuestion.groupings.slice(1) };
/** One group, one statistic, one proof. */
export const shortQuestion: Request["question"] = {
  measures: [{ kind: "count" }],
  groupings: [{ by: "total" }],
};

/** When the seeds' trees are anchored, in seconds. */
const SEED_TIME = 1_780_000_000;
const EPSILON = "1";
const DELTA_LEFT = "1/2000000000";
const blinding = blindingUnder("the blinding key of the connector in miniature");
const secretSeed = seedFrom(createHash("sha512").update("seed").digest());
const hexDigest = (text: string): string => createHash("sha256").update(text).digest("hex");

/** The bundle of one answer. */
export async function evidenceOf(told: Told): Promise<EvidenceBundleDocument> {
  const { connector, lies = {} } = told;
  const collaboration = collaborationOf(told.parties);
  const log = new MiniatureLog(connector);
  const seed = seedLeafOf(lies);
  for (let leaf = 0; leaf < 4; leaf++) log.add(hexDigest(`leaf ${String(leaf)}`));
  await log.anchor(SEED_TIME - 600);
  if (lies.matchFirst !== true) log.add(hashOfLeaf(seed), "seed");
  log.add(hexDigest("another"));
  const anchored = await log.anchor(SEED_TIME);
  const request = await askedAt(anchored.time - (lies.seedAfterRequest ?? -60), told, seed.commitment);
  const asked = readRequest(request.text);
  const datasets = await headsOf(collaboration, told.parties);
  const plan = planOf(asked.document, told, datasets, seed);
  const ref: RequestRef = {
    ...{ requestId: asked.document.id, digest: asked.digest, tenant: asked.document.tenant },
    ...{ broker: "core", collaboration: "care", deadline: asked.deadline },
  };
  const { cells, leaf: match } = await matched(ref, request.text, plan, lies);
  if (lies.rewrites === true) log.replace(1, hexDigest("rewritten"));
  if (lies.rewritesBetween === true) log.add(hexDigest("a spend that nobody is to see"), "hidden");
  log.add(hashOfLeaf(match), "match");
  if (lies.matchFirst === true) log.add(hashOfLeaf(seed), "seed");
  await log.anchor(SEED_TIME + 120);
  if (lies.rewritesBetween === true) log.replace(log.placeOf("hidden"), hexDigest("something seemly"));
  const groups = await releasedOf(cells, match, plan, told);
  const spend = await spentOn(ref, plan, match, groups, lies);
  log.add(lies.spendUnlogged === true ? hexDigest("nothing") : hashOfLeaf(spend), "spend");
  log.add(hexDigest("the last"));
  await log.anchor(SEED_TIME + 180);
  return {
    type: "pavilion/evidence-bundle",
    version: 2,
    request: request.bundled,
    collaboration: await signedTerms(told.parties),
    population: await signedPopulation(told.parties, connector),
    datasets,
    policy: { bundle: policyHash, region: REGION, jurisdiction: "AU", allow: true },
    release: { circuit: circuitHash, groups },
    credential: await signed({ ref, text: request.text, plan, groups, spend, match }, told, asked.issuedAt),
    log: await log.evidence({ seed, match, spend }, anchored),
  };
}

function seedLeafOf({ seed = (leaf) => leaf }: Lies): SeedLeaf {
  const commitment = seedCommitmentOf(secretSeed).toString(16).padStart(64, "0");
  return seed({ type: "pavilion/seed-leaf", region: REGION, seed: 7, commitment, salt: hexDigest("salt") });
}

async function askedAt(
  time: number,
  { parties, question, nonce, lies = {} }: Told,
  seedCommitment: string,
): Promise<{ text: string; bundled: BundledRequest }> {
  const digits = nonce.toString(16).padStart(12, "0");
  const document: Request = {
    ...{ type: "pavilion/request", id: `6f1d4a52-0d0e-4b0f-9a51-${digits}`, nonce: digits.padStart(32, "0") },
    ...{ broker: "core", tenant: "clinic", home: REGION },
    ...{ collaboration: "care", collaborationVersion: 3 },
    ...{ purpose: "public-health", legalBasis: "public-interest", epsilon: EPSILON, question },
    ...{ issuedAt: new Date(time * 1000).toISOString(), deadlineSeconds: 60, seedCommitment },
    ...lies.request,
  };
  const { document: text, signature } = await signRequest(document, parties.broker.sign);
  return { text, bundled: { document: { ...document }, signature } };
}

const headsOf = ({ providers }: Collaboration, parties: Parties): Promise<SignedHead[]> =>
  Promise.all(
    providers.map(async ({ id: provider, dataset }, slot) => {
      const head = { provider, dataset, sequence: slot + 4, head: hexDigest(`manifest of ${dataset}`) };
      const document = {
        type: "pavilion/dataset-head",
        collaboration: "care",
        epoch: 2,
        ...head,
        complete: true,
      };
      const { sign } = parties.providers[provider as "north" | "south"];
      const header = { typ: signatureType("dataset-head"), kid: provider };
      return { ...head, signature: await signDetached(document, header, sign) };
    }),
  );

function planOf(
  { question, epsilon }: Request,
  { parties, connector }: Told,
  heads: readonly SignedHead[],
  seed: SeedLeaf,
): Plan {
  const collaboration = collaborationOf(parties);
  const population = populationOf(parties, connector);
  const home = homeIn(population, REGION);
  if (home === undefined) throw new Error("no such home");
  return {
    ...{ collaboration: "care", version: 3, epoch: 2, epsilon, minimumGroup: MINIMUM, carried: [] },
    ...populationTerms({ population, home }),
    datasets: heads.map((head, slot) => ({
      ...head,
      columns: committedColumns(collaboration.providers[slot]?.columns ?? []),
    })),
    statistics: statisticsFor(question, collaboration),
    groupings: groupingsFor(question, collaboration),
    policyBundle: policyHash,
    seed: { id: seed.seed, commitment: seed.commitment },
  };
}

/** Every group's sums with their blinding, and the leaf that commits to them. */
async function matched(request: RequestRef, document: string, plan: Plan, lies: Lies) {
  const cells = plan.groupings.flatMap(({ column, categories }, grouping) =>
    categories.map((_, category) => {
      const inGroup = people.filter(([north]) => column === null || north[column] === category);
      const sums = Array.from({ length: layoutOf(plan).length }, () => 0);
      for (const values of inGroup) {
        const coordinates = values.flatMap((own, slot) =>
          coordinatesOf(own, plan.datasets[slot]?.columns ?? []),
        );
        for (const [at, value] of coordinates.entries()) sums[at] = (sums[at] ?? 0) + value;
      }
      const random = createHash("sha512")
        .update(`blinding ${String(grouping)} ${String(category)}`)
        .digest();
      return {
        grouping,
        category,
        sums,
        blinding: Buffer.from(encodeScalar(scalarFrom(random))).toString("hex"),
      };
    }),
  );
  const join = { request, document, plan, cells, joined: { 0: hexDigest("list") } };
  const { aggregate, leaf } = await commitAggregate(join, REGION, blinding);
  const { match = (same) => same, aggregate: other = (same) => same } = lies;
  return { cells: aggregate.cells.map(other), leaf: match(JSON.parse(leaf.text) as MatchLeaf) };
}

const smallNoise = (statistic: number): number => 1 - statistic;

/** The released groups with their proofs. */
async function releasedOf(
  cells: readonly Cell[],
  match: MatchLeaf,
  plan: Plan,
  told: Told,
): Promise<ReleasedGroup[]> {
  const { noise = smallNoise, minimum = MINIMUM } = told.lies ?? {};
  const groups: ReleasedGroup[] = [];
  for (const [index, cell] of cells.entries()) {
    const { grouping, category } = cell;
    const values = exactOf(cell, plan).map((exact, statistic) => exact + noise(statistic));
    const suppressed = (values[0] ?? 0) < minimum;
    const proofs: PartProof[] = [];
    const isByStage = told.byStage === true && !suppressed;
    if (isByStage) proofs.push(...(await provenByStage(cell, values, match, plan, told)));
    for (const part of suppressed || isByStage ? [] : partsOf(plan)) {
      const commitment = match.groups[index]?.commitment ?? "";
      proofs.push(await proofOf({ cell, part, values, commitment, match, plan }, told));
    }
    groups.push({ grouping, category, suppressed, values: suppressed ? [] : values, proofs });
  }
  return groups;
}

const provenByStage = (
  cell: Cell,
  values: number[],
  match: MatchLeaf,
  plan: Plan,
  { prover }: Told,
): Promise<PartProof[]> => {
  const { grouping, category } = cell;
  const released = { grouping, category, suppressed: false, values };
  const key = createHash("sha256").update("the zkp stage's key").digest();
  const release = {
    plan,
    matchLeaf: hashOfLeaf(match),
    seed: secretSeed,
    key,
    prove: prover.prove,
    represent: prover.represent,
  };
  return proveGroup(cell, released, release);
};

function exactOf(cell: Cell, plan: Plan): number[] {
  const [part] = [{ part: 0, statistics: plan.statistics.map((_, index) => index) }];
  const grouping = plan.groupings[cell.grouping];
  if (grouping === undefined) throw new Error("no such grouping");
  return openingOf(plan, grouping, cell.category, part).opened.map(([first]) =>
    first === undefined ? 0 : sumAt(cell, first, plan),
  );
}

const sumAt = ({ sums }: Cell, coordinate: { slot: number; index: number }, plan: Plan): number =>
  sums[positionOf(coordinate, layoutOf(plan))] ?? 0;

interface PartOf {
  readonly cell: Cell;
  readonly part: Part;
  readonly values: readonly number[];
  readonly commitment: string;
  readonly match: MatchLeaf;
  readonly plan: Plan;
}

async function proofOf(given: PartOf, { prover, lies = {} }: Told): Promise<PartProof> {
  const { cell, part, values, commitment, match, plan } = given;
  const { grouping, category } = cell;
  const stated = plan.groupings[grouping];
  if (stated === undefined) throw new Error("no such grouping");
  const opening = openingOf(plan, stated, category, part);
  const leaf = hashOfLeaf(match);
  const { remainder, representation, hidden } = peeledOf(
    given,
    opening,
    remainderContext(leaf, grouping, category, part, commitment),
  );
  const own = commitSums(bySlot(cell.sums, layoutOf(plan)), decodeScalar(cell.blinding));
  const point = own.subtract(remainder);
  const exact = exactOf(cell, plan);
  const widths = widthsOf(plan);
  const at = <T>(list: readonly T[]): T[] => part.statistics.flatMap((index) => list.slice(index, index + 1));
  const proof = await prover.prove({
    statement: {
      digest: Buffer.from(leaf, "hex"),
      seedCommitment: BigInt(`0x${plan.seed.commitment}`),
      group: groupNumber(grouping, category),
      part: part.part,
      statistics: part.statistics,
      point: point.toAffine(),
      bases: basesOf(opening).map((base) => base.toAffine()),
      released: at(values).map(BigInt),
      bounds: at(widths).map((width) => lies.width ?? width),
    },
    opening: {
      exact: at(exact).map(BigInt),
      blinding: (decodeScalar(cell.blinding) - hidden + ORDER) % ORDER,
      seed: secretSeed,
    },
  });
  const absorbed =
    lies.absorbs === true ? decodePoint(Buffer.from(commitment, "hex")).subtract(point) : remainder;
  return {
    part: part.part,
    remainder: Buffer.from(encodePoint(absorbed)).toString("hex"),
    representation: { challenge: representation.challenge, responses: [...representation.responses] },
    proof: structuredClone(proof) as unknown as PartProof["proof"],
  };
}

/** The remainder over what a part does not open, and the proof that it is one. */
function peeledOf({ cell, part, plan }: PartOf, { peeled }: Opening, context: Uint8Array) {
  const draw = (label: string): Uint8Array =>
    createHash("sha512")
      .update(JSON.stringify([label, cell.grouping, cell.category, part.part]))
      .update(context)
      .digest();
  const hidden = scalarFrom(draw("remainder"));
  const bases = [...peeled.map(({ slot, index }) => generator(slot, index)), blindingGenerator()];
  const witness = [...peeled.map((coordinate) => BigInt(sumAt(cell, coordinate, plan))), hidden];
  const remainder = addPoints(bases.map((base, index) => multiply(base, witness[index] ?? 0n)));
  const representation = proveRepresentation(bases, witness, context, (index) =>
    draw(`nonce ${String(index)}`),
  );
  return { remainder, representation, hidden };
}

async function spentOn(
  request: RequestRef,
  plan: Plan,
  match: MatchLeaf,
  groups: readonly ReleasedCell[],
  { spend: lie = (leaf) => leaf }: Lies,
): Promise<SpendLeaf> {
  const exact = { request, document: "", plan, cells: [], matchLeaf: hashOfLeaf(match) };
  const spend = {
    ...{ population: "adults", sequence: 2, epsilon: plan.epsilon, total: "3/2", left: "1/2" },
    ...{ delta: deltaOf(plan), deltaTotal: "1/2000000000", deltaLeft: DELTA_LEFT },
    previous: hexDigest("the spend before"),
    carried: [],
  };
  const { leaf } = await spendLeafOf(exact, spend, groups, blinding);
  return lie(JSON.parse(leaf.text) as SpendLeaf);
}

interface Result {
  readonly ref: RequestRef;
  readonly text: string;
  readonly plan: Plan;
  readonly groups: readonly ReleasedGroup[];
  readonly spend: SpendLeaf;
  readonly match: MatchLeaf;
}

function signed(result: Result, { connector, lies = {} }: Told, issuedAt: number): Promise<string> {
  const { ref, text, plan, groups, spend, match } = result;
  const { population, sequence, epsilon, delta, total, deltaTotal } = spend;
  const cells = groups.map(({ grouping, category, suppressed, values }) => ({
    ...{ grouping, category, suppressed, values },
  }));
  const honest: ReleasedAggregate = {
    ...{ request: ref, document: text, plan, cells, scales: scalesFor(plan) },
    spend: { population, sequence, epsilon, delta, total, deltaTotal, left: "1/2", deltaLeft: DELTA_LEFT },
    ...{ matchLeaf: hashOfLeaf(match), spendLeaf: hashOfLeaf(spend), repeats: null },
  };
  const released = lies.credential?.(honest) ?? honest;
  const answer = answerOf((JSON.parse(text) as Request).question, released);
  const credential = credentialOf(released, answer, connector.issuer.did, issuedAt + 2000);
  const credentialSubject = { ...credential.credentialSubject, ...lies.subject };
  return signCredential({ ...credential, credentialSubject }, connector.issuer);
}
