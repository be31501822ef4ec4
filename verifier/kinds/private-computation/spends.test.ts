import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { digestOf } from "../../../crypto/jws/canonical.ts";
import { population, region } from "../../../pipelines/private-computation/simulation/region.ts";
import { hashOfText } from "../../anchored-leaf.ts";
import { type AuditReport } from "../../audit.ts";
import { BUNDLE_TYPE } from "./bundle.ts";
import { reportOf, spentIn, textOf, hex, salt, seed, match, spendOf, logOfLeaves } from "./testing/logs.ts";

describe("spends under a population's document", () => {
  const delta = "1/1000000000000";
  const home = ({ region: of, ...leaf }: typeof match): object => ({ ...leaf, home: of });
  /** A spend of the population under a version of its document, with its own match before it. */
  const spendUnder = (document: string, more: object = {}, of = home(match)) => ({
    ...{ type: "pavilion/spend-leaf", home: region, request: hex("1"), population: population.id, document },
    ...{ sequence: 1, previous: null, epsilon: "1", delta, total: "1", deltaTotal: delta, carried: [] },
    ...{ match: hashOfText(textOf(of)), released: hex("e"), salt, ...more },
  });
  const trustedDigest = digestOf(population);
  const bundle = JSON.stringify({ type: BUNDLE_TYPE, log: {}, population: { document: population } });
  const auditOf = async (
    told: readonly object[],
    texts: readonly string[] = [bundle],
  ): Promise<AuditReport> => reportOf(await logOfLeaves(told), texts);
  const named = ({ faults }: AuditReport): string[] =>
    [...new Set(faults.map(({ name }) => name))].filter((name) => name !== "bundle");

  test("are held to the home's share of the version that they name", async () => {
    const whole = await auditOf([seed, home(match), spendUnder(trustedDigest)]);
    assert.deepEqual([named(whole), whole.found.members.get("uncompared")], [[], 0]);
    for (const beyond of [
      { epsilon: "11", total: "11" },
      { delta: "1/2", deltaTotal: "1/2" },
    ]) {
      const report = await auditOf([seed, home(match), spendUnder(trustedDigest, beyond)]);
      assert.deepEqual(named(report), ["spend-budget"]);
    }
  });

  test("under a version that the trust file does not name are none, whatever a bundle carries", async () => {
    const richer = { ...population, budget: { ...population.budget, epsilon: "99" } };
    const forged = JSON.stringify({ type: BUNDLE_TYPE, log: {}, population: { document: richer } });
    const report = await auditOf([seed, home(match), spendUnder(digestOf(richer))], [bundle, forged]);
    assert.deepEqual(named(report), ["spend-terms"]);
  });

  test("whose version no bundle carries are told as not compared", async () => {
    const report = await auditOf([seed, home(match), spendUnder(trustedDigest)], []);
    assert.deepEqual([named(report), report.found.members.get("uncompared")], [[], 1]);
  });

  test("go on after what a restored region withholds, which counts as spent", async () => {
    const spend = spendUnder(trustedDigest);
    const next = home({ ...match, request: hex("2") });
    const restore = { type: "pavilion/restore-leaf", region, restore: "ab".repeat(16), salt };
    const withheld = {
      ...{ type: "pavilion/withheld-leaf", home: region, population: population.id, document: trustedDigest },
      ...{ sequence: 2, previous: hashOfText(textOf(spend)), epsilon: "1/2", delta: "0", total: "3/2" },
      ...{ deltaTotal: delta, carried: [], restore: restore.restore, salt },
    };
    const after = {
      ...{ request: hex("2"), sequence: 3, previous: hashOfText(textOf(withheld)), total: "5/2" },
      deltaTotal: "1/500000000000",
    };
    const begun = [seed, home(match), spend];
    const whole = [...begun, restore, withheld, next, spendUnder(trustedDigest, after, next)];
    const report = await auditOf(whole);
    assert.deepEqual(named(report), []);
    assert.deepEqual(Object.entries(spentIn(report)), [
      [population.id, { spends: 3, epsilon: "5/2", delta: "1/500000000000" }],
    ]);
    assert.equal(report.found.members.get("restores"), 1);
    const wrong: [string[], object[]][] = [
      [["restore"], [...begun, withheld]],
      [["restore"], [...begun, restore, { ...withheld, restore: "cd".repeat(16) }]],
      [["restore"], [...begun, restore, { ...restore, salt: hex("7") }]],
      [["spend-order"], [...begun, restore, { ...withheld, sequence: 3 }]],
      [["spend-order"], [...begun, restore, { ...withheld, previous: null }]],
      [["spend-total"], [...begun, restore, { ...withheld, total: "1" }]],
      [["spend-budget"], [...begun, restore, { ...withheld, epsilon: "19/2", total: "21/2" }]],
      [["spend-terms"], [...begun, restore, { ...withheld, document: hex("0") }]],
      [["leaf-region"], [...begun, { ...restore, region: "elsewhere" }]],
    ];
    for (const [names, told] of wrong)
      assert.deepEqual(named(await auditOf(told)), names, textOf(told.at(-1) ?? {}));
  });

  test("take over exactly what stood in the log before, and once", async () => {
    const before = spendOf("people", match);
    const next = home({ ...match, request: hex("2") });
    const carried = {
      population: "people",
      sequence: 1,
      epsilon: "1",
      delta,
      leaf: hashOfText(textOf(before)),
    };
    const takingOver = (account: object, more: object = {}) => {
      const twice = { total: "2", deltaTotal: "1/500000000000" };
      return spendUnder(trustedDigest, { request: hex("2"), carried: [account], ...twice, ...more }, next);
    };
    const auditing = async (...spends: object[]): Promise<string[]> =>
      named(await auditOf([seed, match, before, next, ...spends]));
    assert.deepEqual(await auditing(takingOver(carried)), []);
    for (const wrong of [{ sequence: 2 }, { epsilon: "1/2" }, { leaf: hex("7") }, { population: "others" }]) {
      const account = { ...carried, ...wrong };
      assert.ok((await auditing(takingOver(account))).includes("spend-carried"), JSON.stringify(wrong));
    }
    assert.ok((await auditing(takingOver(carried, { total: "1" }))).includes("spend-total"));
    assert.ok((await auditing(takingOver(carried, { deltaTotal: delta }))).includes("spend-total"));
    const late = { sequence: 2, previous: hex("3") };
    assert.ok((await auditing(takingOver(carried, late))).includes("spend-carried"));
  });

  test("of another home are of another log", async () => {
    const report = await auditOf([seed, home(match), spendUnder(trustedDigest, { home: "elsewhere" })]);
    assert.deepEqual(named(report), ["leaf-region"]);
  });
});
