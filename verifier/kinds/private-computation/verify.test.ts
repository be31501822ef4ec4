import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { releaseCircuit, type ReleaseInput } from "../../../pipelines/private-computation/circuit.ts";
import { FIELD_MODULUS } from "../../../crypto/groth16/field.ts";
import { releaseSignals } from "../../../crypto/groth16/release-statement.ts";
import { verifyProof } from "../../../crypto/groth16/verify.ts";
import { openProver, type Prover } from "../../../runtime/prover/prover.ts";
import type { Cell } from "../../../schemas/avro/index.ts";
import type { EvidenceBundleDocument } from "../../../schemas/json/evidence-bundle.ts";
import type { Trust } from "../../../schemas/json/trust.ts";
import { miniatureChain } from "../../../crypto/ethereum/testing/miniature-chain.ts";
import { connectorNamed, partiesNamed, trustIn, type Connector } from "../../../test/evidence-terms.ts";
import { evidenceOf, fullQuestion, groupedQuestion, shortQuestion } from "../../../test/evidence.ts";
import type { Lies } from "../../../test/evidence-lies.ts";
import { holds, type Checklist } from "../../checklist.ts";
import { shows as ownShows, type CheckName as OwnCheck } from "./checks.ts";
import { readArtifacts, type Artifacts } from "./artifacts.ts";
import { privateComputationWith } from "./kind.ts";
import { shows as commonShows, type VerifierCheck } from "../../names.ts";
import { verify } from "../../verify.ts";

type CheckName = OwnCheck | VerifierCheck;

const shows = { ...commonShows, ...ownShows };
const baseModulus = 21888242871839275222246405745257275088696311157297823662689037894645226208583n;
const digest = "ab".repeat(32);

let prover: Prover<ReleaseInput>;
let brought: Artifacts;
let bundle: EvidenceBundleDocument;
let trust: Trust;

const parties = partiesNamed("honest");
const connector = (): Connector => connectorNamed("honest", miniatureChain("honest"));

before(async () => {
  brought = await readArtifacts();
  prover = await openProver(releaseCircuit);
  ({ bundle, trust } = await answered({}));
});
after(() => prover.close());

/** An answer of the honest region's connector, and what an auditor of it trusts. */
async function answered(lies: Lies, question = shortQuestion) {
  const own = connector();
  const told = { parties, connector: own, prover, question, nonce: 1, lies };
  const document = await evidenceOf(told);
  return { bundle: document, trust: trustIn(parties, own, document.log.chain.blockHash) };
}

const verified = (document: unknown, by: unknown, block?: string, bringing = brought): Promise<Checklist> =>
  verify(JSON.stringify(document), JSON.stringify(by), {
    block,
    kinds: [privateComputationWith(() => Promise.resolve(bringing))],
  });

const failures = ({ checks }: Checklist): string[] =>
  checks.filter(({ status }) => status === "failed").map(({ name }) => name);

const statusOf = ({ checks }: Checklist, name: CheckName): string | undefined =>
  checks.find((check) => check.name === name)?.status;

async function refusedBy(
  name: CheckName,
  document: unknown,
  by: unknown,
  block?: string,
): Promise<Checklist> {
  const checklist = await verified(document, by, block);
  assert.equal(failures(checklist)[0], name);
  assert.ok(!holds(checklist));
  return checklist;
}

test("an honest answer holds: every check is made, once, in the order in which they are told", async () => {
  const checklist = await verified(bundle, trust);
  assert.ok(holds(checklist));
  assert.deepEqual(
    checklist.checks.map(({ name }) => name),
    Object.keys(shows),
  );
});

test("an answer in several groups and parts holds, and what is suppressed is the region's word", async () => {
  const full = await answered({}, fullQuestion);
  assert.ok(full.bundle.release.groups.some(({ suppressed }) => suppressed));
  const checklist = await verified(full.bundle, full.trust);
  assert.ok(holds(checklist));
  const attested = checklist.checks.filter(({ status }) => status === "attested");
  assert.deepEqual(
    attested.map(({ name }) => name),
    ["credential-words", "newest-data", "suppressed-groups", "noise-drawn", "committed-values", "true-match"],
  );
  assert.equal(statusOf(await verified(bundle, trust), "suppressed-groups"), "proven");
});

test("what the zkp stage's own code proves holds", async () => {
  const own = connector();
  const told = {
    parties,
    connector: own,
    prover,
    question: groupedQuestion,
    nonce: 1,
    byStage: true as const,
  };
  const document = await evidenceOf(told);
  assert.ok(holds(await verified(document, trustIn(parties, own, document.log.chain.blockHash))));
});

/** A hundred more people, in every slot, of everything. */
const larger = (cell: Cell): Cell => ({ ...cell, sums: cell.sums.map((sum) => sum + 100) });
const otherRequest = { request: digest };
const lying: readonly (readonly [what: string, lies: Lies, CheckName])[] = [
  ["anchors its seed after the request", { seedAfterRequest: 301 }, "seed-before-request"],
  ["logs the match before its seed is anchored", { matchFirst: true }, "log-order"],
  ["releases another aggregate than it committed to", { aggregate: larger }, "release-proofs"],
  ["hides the difference in the remainder", { aggregate: larger, absorbs: true }, "release-remainders"],
  [
    "adds more noise than the mechanism's width",
    { noise: () => 1_000_000, width: 1_000_000n },
    "release-proofs",
  ],
  ["releases a group below the minimum", { noise: () => -10, minimum: 0 }, "release-groups"],
  [
    "commits to the match of another request",
    { match: (leaf) => ({ ...leaf, ...otherRequest }) },
    "match-leaf",
  ],
  ["commits to a match with another seed", { match: (leaf) => ({ ...leaf, seed: digest }) }, "match-leaf"],
  ["commits to a match of another epoch", { match: (leaf) => ({ ...leaf, epoch: 1 }) }, "match-leaf"],
  [
    "commits to a match over older data",
    { match: (leaf) => ({ ...leaf, datasets: leaf.datasets.map((head) => ({ ...head, sequence: 1 })) }) },
    "match-leaf",
  ],
  [
    "commits to a group that was not asked for",
    {
      match: (leaf) => ({
        ...leaf,
        groups: leaf.groups.flatMap((group) => [group, { ...group, category: 1 }]),
      }),
    },
    "match-leaf",
  ],
  [
    "commits to a point off the curve",
    {
      match: (leaf) => ({
        ...leaf,
        groups: leaf.groups.map((group) => ({ ...group, commitment: digest + digest })),
      }),
    },
    "release-remainders",
  ],
  ["uses the spend of another request", { spend: (leaf) => ({ ...leaf, ...otherRequest }) }, "spend-leaf"],
  ["charges less than it was asked", { spend: (leaf) => ({ ...leaf, epsilon: "1/2" }) }, "spend-leaf"],
  ["charges other people", { spend: (leaf) => ({ ...leaf, population: "children" }) }, "spend-leaf"],
  ["pays for another match", { spend: (leaf) => ({ ...leaf, match: digest }) }, "spend-leaf"],
  ["pays for other values", { spend: (leaf) => ({ ...leaf, released: digest }) }, "spend-leaf"],
  ["spends more than the budget", { spend: (leaf) => ({ ...leaf, total: "9/2" }) }, "spend-leaf"],
  ["begins the ledger anew", { spend: (leaf) => ({ ...leaf, sequence: 1 }) }, "spend-leaf"],
  ["hides earlier spends", { spend: (leaf) => ({ ...leaf, total: "1" }) }, "spend-leaf"],
  ["never logs its spend", { spendUnlogged: true }, "log-inclusion"],
  ["rewrites its log", { rewrites: true }, "log-consistency"],
  ["rewrites its log between two anchors", { rewritesBetween: true }, "log-consistency"],
  ["logs the seed of another region", { seed: (leaf) => ({ ...leaf, region: "eu-west" }) }, "seed-leaf"],
  ["uses another seed than the request's", { request: { seedCommitment: digest } }, "seed-leaf"],
  [
    "certifies other values than it released",
    {
      credential: (released) => ({
        ...released,
        cells: released.cells.map((cell) => ({ ...cell, values: [99] })),
      }),
    },
    "credential-content",
  ],
  [
    "certifies another scale",
    { credential: (released) => ({ ...released, scales: ["2"] }) },
    "credential-content",
  ],
  [
    "calls a fresh answer a repeated one",
    { credential: (released) => ({ ...released, repeats: released.request }) },
    "credential-content",
  ],
  [
    "tells of more budget than there is",
    { credential: (released) => ({ ...released, spend: { ...released.spend, left: "3" } }) },
    "credential-content",
  ],
  ["certifies something nobody checks", { subject: { certified: true } }, "credential-content"],
];
for (const [what, lies, name] of lying) {
  test(`a connector that ${what} is found out by ${name}`, async () => {
    const lie = await answered(lies);
    await refusedBy(name, lie.bundle, lie.trust);
  });
}

const outside: readonly (readonly [what: string, request: NonNullable<Lies["request"]>])[] = [
  ["for a tenant that the broker may not ask for", { tenant: "stranger" }],
  ["for another purpose", { purpose: "direct-marketing" }],
  ["on another legal basis", { legalBasis: "consent" }],
  ["at more epsilon than a question may spend", { epsilon: "2" }],
  ["of another collaboration", { collaboration: "research" }],
];
for (const [what, request] of outside) {
  test(`a question ${what} is outside the terms`, async () => {
    const asked = await answered({ request });
    await refusedBy("request-terms", asked.bundle, asked.trust);
  });
}

test("a question to a region that is no home of the population is answered nowhere", async () => {
  const asked = await answered({ request: { home: "eu-west" } });
  await refusedBy("home", asked.bundle, asked.trust);
});

test("no proof says that the slots of a group hold equally many people where they do not", async () => {
  const impure = (cell: Cell): Cell => ({ ...cell, sums: cell.sums.with(0, (cell.sums[0] ?? 0) + 1) });
  await assert.rejects(answered({ aggregate: impure }), { code: "PROOF_FAILED" });
});

test("a seed that was anchored within the clocks' skew is early enough", async () => {
  const late = await answered({ seedAfterRequest: 300 });
  assert.ok(holds(await verified(late.bundle, late.trust)));
});

test("a whole bundle by other parties with keys of their own fails, whatever it says of itself", async () => {
  const forger = connectorNamed("forger", miniatureChain("forger"));
  const own = partiesNamed("forger");
  const told = { prover, question: shortQuestion, nonce: 1 };
  const forged = await evidenceOf({ ...told, parties: own, connector: forger });
  const block = forged.log.chain.blockHash;
  assert.ok(holds(await verified(forged, trustIn(own, forger, block))));
  await refusedBy("collaboration-signatures", forged, trust);
  await refusedBy("collaboration-signatures", forged, trust, block);
});

test("a forger between honest parties fails by every key of the connector that it does not have", async () => {
  const forger = connectorNamed("forger", miniatureChain("forger"));
  const forged = await evidenceOf({ parties, connector: forger, prover, question: shortQuestion, nonce: 1 });
  const block = forged.log.chain.blockHash;
  await refusedBy("population", forged, trust, block);
  const underTheirs = { ...forged, population: bundle.population };
  assert.deepEqual(failures(await verified(underTheirs, trust, block)), [
    "log-checkpoint",
    "chain-contract",
    "credential-signature",
  ]);
  const [region] = trust.regions;
  const theirs = trustIn(parties, forger, block);
  const [mine] = theirs.regions;
  assert.ok(region && mine);
  // Even a forger who has all of the connector's keys but one.
  for (const [member, name] of [
    ["logKey", "home"],
    ["anchorer", "chain-contract"],
    ["issuer", "credential-signature"],
  ] as const) {
    const almost: Trust = { ...theirs, regions: [{ ...mine, [member]: region[member] }] };
    assert.deepEqual(failures(await verified(forged, almost)), [name]);
  }
  await refusedBy("chain-contract", forged, {
    ...theirs,
    chain: { ...theirs.chain, contract: trust.chain.contract },
  });
});

test("a request of another broker of that name fails, and so do providers that sign for others", async () => {
  const impostors = partiesNamed("impostor");
  const told = { connector: connector(), prover, question: shortQuestion, nonce: 1 };
  const byBroker = await evidenceOf({ ...told, parties: { ...parties, broker: impostors.broker } });
  await refusedBy("request-signature", { ...byBroker, collaboration: bundle.collaboration }, trust);
  await refusedBy("request-signature", byBroker, trust);
  const providers = { ...parties.providers, south: impostors.providers.south };
  const byProvider = await evidenceOf({
    ...told,
    connector: connector(),
    parties: { ...parties, providers },
  });
  await refusedBy("collaboration-signatures", byProvider, trust);
  const { collaboration, population } = bundle;
  await refusedBy("population", { ...byProvider, collaboration }, trust);
  await refusedBy("dataset-heads", { ...byProvider, collaboration, population }, trust);
});

test("what the trust file does not name is not trusted", async () => {
  const without: readonly (readonly [Partial<Trust>, CheckName])[] = [
    [{ providers: trust.providers.slice(1) }, "collaboration-signatures"],
    [{ brokers: [{ id: "edge", key: trust.brokers[0]?.key ?? "" }] }, "request-signature"],
    [{ regions: trust.regions.map((region) => ({ ...region, region: "eu-west" })) }, "home"],
    [{ regions: trust.regions.map((region) => ({ ...region, jurisdiction: "EU" })) }, "home"],
    [{ populations: [] }, "population"],
    [
      { populations: [{ id: "children", digests: trust.populations.flatMap(({ digests }) => digests) }] },
      "population",
    ],
    [{ populations: [{ id: "adults", digests: [digest] }] }, "population"],
    [{ regions: trust.regions.map((region) => ({ ...region, origin: "another" })) }, "log-checkpoint"],
    [{ circuits: [{ sha256: digest, setup: "ceremony" }] }, "release-circuit"],
    [{ policies: [digest] }, "policy"],
    [{ chain: { ...trust.chain, id: 1 } }, "chain-contract"],
    [{ block: `0x${digest}` }, "chain-state"],
  ];
  for (const [change, name] of without) await refusedBy(name, bundle, { ...trust, ...change });
});

test("a trust file that names something twice, or has unknown members, is refused", async () => {
  for (const list of ["regions", "brokers", "providers", "populations", "circuits", "policies"] as const) {
    const doubled = { ...trust, [list]: [...trust[list], trust[list][0]] };
    await refusedBy("trust-schema", bundle, doubled);
  }
  await refusedBy("trust-schema", bundle, { ...trust, unknown: 1 });
});

test("without a trusted block it says which one to look up, and takes its hash", async () => {
  const { block, blockHash } = bundle.log.chain;
  const { checks } = await refusedBy("chain-state", bundle, { ...trust, block: null });
  const detail = checks.find(({ name }) => name === "chain-state")?.detail ?? "";
  // Not by which hash: whoever made the bundle would vouch for itself.
  assert.ok(detail.includes(String(block)) && !detail.includes(blockHash) && detail.includes("--block"));
  assert.ok(holds(await verified(bundle, { ...trust, block: null }, blockHash)));
  assert.ok(holds(await verified(bundle, { ...trust, block: `0x${digest}` }, blockHash)));
  await refusedBy("chain-state", bundle, trust, `0x${digest}`);
});

test("a development chain or set-up is told as such, and a ceremony's proof as proven", async () => {
  const made = await verified(bundle, { ...trust, chain: { ...trust.chain, development: true } });
  assert.ok(holds(made));
  const isDevelopment = made.checks.filter(({ status }) => status === "development");
  assert.deepEqual(
    isDevelopment.map(({ name }) => name),
    ["chain-contract", "chain-state", "chain-links", "seed-before-request", "release-proofs"],
  );
  for (const { text } of isDevelopment) assert.match(text, /development: not sound/);
  const circuits = trust.circuits.map(({ sha256 }) => ({ sha256, setup: "ceremony" }));
  assert.equal(statusOf(await verified(bundle, { ...trust, circuits }), "release-proofs"), "proven");
});

test("a trusted policy that the verifier does not have is the region's word; its own decides", async () => {
  const policy = { bundle: digest, evaluate: () => ({ allow: false, reasons: ["no"] }) };
  const unknown = await verified(bundle, trust, undefined, { ...brought, policy });
  assert.ok(holds(unknown));
  assert.equal(statusOf(unknown, "policy"), "attested");
  const denying = { ...policy, bundle: brought.policy.bundle };
  const denied = await verified(bundle, trust, undefined, { ...brought, policy: denying });
  assert.deepEqual(failures(denied), ["policy"]);
});

test("a verification key other than the trusted one is not used, though the verifier has it", async () => {
  const verificationKey = Buffer.concat([brought.verificationKey, Buffer.from(" ")]);
  const checklist = await verified(bundle, trust, undefined, { ...brought, verificationKey });
  assert.deepEqual(failures(checklist), ["release-circuit"]);
  assert.deepEqual(checklist.notChecked.slice(0, 2), ["release-remainders", "release-proofs"]);
});

test("a signal plus the field's modulus proves nothing, nor does a coordinate", async () => {
  let asked: ReleaseInput | undefined;
  const noting: Prover<ReleaseInput> = {
    ...prover,
    prove: (input) => {
      asked = input;
      return prover.prove(input);
    },
  };
  const own = connector();
  const told = { parties, connector: own, prover: noting, question: shortQuestion, nonce: 1 };
  const document = await evidenceOf(told);
  const by = trustIn(parties, own, document.log.chain.blockHash);
  const proof = document.release.groups[0]?.proofs[0]?.proof;
  assert.ok(asked && proof);
  const signals = releaseSignals(asked.statement);
  const plain = proof as unknown as Parameters<typeof verifyProof>[1];
  assert.ok(verifyProof(prover.verificationKey, plain, signals));
  for (const [at, signal] of signals.entries()) {
    const shifted = signals.with(at, signal + FIELD_MODULUS);
    assert.ok(!verifyProof(prover.verificationKey, plain, shifted));
  }
  for (const member of ["a", "c"] as const) {
    for (const at of [0, 1]) {
      const shifted = structuredClone(document);
      const coordinates = shifted.release.groups[0]?.proofs[0]?.proof[member];
      assert.ok(coordinates);
      coordinates[at] = String(BigInt(coordinates[at] ?? 0) + baseModulus);
      await refusedBy("release-proofs", shifted, by);
    }
  }
});

test("a proof that somebody respelt is of the same statement: its bytes are no identity", async () => {
  const respelt = structuredClone(bundle);
  const proof = respelt.release.groups[0]?.proofs[0]?.proof;
  assert.ok(proof);
  const negated = (text = "0"): string => String(baseModulus - BigInt(text));
  proof.a = proof.a.with(1, negated(proof.a[1]));
  proof.b = proof.b.with(
    1,
    (proof.b[1] ?? []).map((half) => negated(half)),
  );
  assert.notDeepEqual(respelt, bundle);
  assert.ok(holds(await verified(respelt, trust)));
});

test("what rests on a failed check is not checked, and nothing of it is called good", async () => {
  const checklist = await verified({ type: bundle.type }, trust);
  assert.deepEqual(failures(checklist), ["bundle-schema"]);
  assert.equal(checklist.checks.length + checklist.notChecked.length, Object.keys(shows).length);
  assert.deepEqual(
    checklist.checks.map(({ name }) => name),
    ["trust-schema", "bundle-schema"],
  );
  assert.ok(!holds({ checks: [], notChecked: [] }));
});
