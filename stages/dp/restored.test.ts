import assert from "node:assert/strict";
import { test } from "node:test";
import { leafText } from "../../domain/log/leaves.ts";
import { populationTerms, type HomeTerms } from "../../domain/terms/home.ts";
import { PavilionError } from "../../errors/errors.ts";
import type { Outcome } from "../../runtime/contract/stage.ts";
import type { BudgetState, LogLeaf, RestoreEntry } from "../../schemas/avro/index.ts";
import type { WithheldLeaf } from "../../schemas/json/withheld-leaf.ts";
import {
  aggregate,
  handle,
  handleAnchored,
  handleOverdue,
  outputsOf,
  plan,
  releasedIn,
  spend,
} from "../../test/stage-aggregate.ts";
import { issuedAt, population } from "../../test/stage-question.ts";
import { MemoryState } from "../../test/stage-state.ts";

const restore: RestoreEntry = {
  ...{ id: "ab".repeat(16), restoredAt: issuedAt, comparedAt: 7, size: 0, root: "", closed: null },
};
const goesOn = {
  kind: "restore",
  text: leafText({
    ...{ type: "pavilion/restore-leaf", region: "au-east", restore: restore.id, salt: "0".repeat(64) },
  }),
};

const [home] = population.homes;
assert.ok(home);
/** A share of 4, of which 2 may be spent in 30 days. */
const terms: HomeTerms["terms"] = { ...populationTerms({ population, home }), carried: [] };
const putBack = (dearest = "0", exposed = "1/20") => ({
  exposed,
  restore: () => restore,
  homes: (): HomeTerms[] => [{ terms, largest: terms, dearest }],
});

const leavesOf = (outcome: Outcome): LogLeaf[] => outputsOf(outcome, "proofs.pending") as LogLeaf[];
const codesOf = (outcome: Outcome): string[] =>
  outcome.kind === "publish" ? outcome.refusals.map(({ code }) => code) : [outcome.code];
const withheldIn = (outcome: Outcome): WithheldLeaf[] =>
  leavesOf(outcome)
    .filter(({ kind }) => kind === "withheld")
    .map(({ text }) => JSON.parse(text) as WithheldLeaf);

/** The log goes on, and what is withheld is anchored. */
async function goOn(state: MemoryState, ports = putBack()): Promise<Outcome> {
  const outcome = await handleAnchored(goesOn, state, issuedAt, ports);
  for (const leaf of leavesOf(outcome)) await handleAnchored(leaf, state, issuedAt, ports);
  return outcome;
}

/** A ledger that charged one question, a copy of it, and the leaves of those that it charged after. */
async function lived(after: number) {
  const state = new MemoryState();
  const charge = async (number: number): Promise<LogLeaf[]> =>
    leavesOf(await handle(await aggregate(number, { epsilon: "1/10" }, { asking: number }), state));
  await charge(1);
  const copy = state.restored();
  const lost: LogLeaf[] = [];
  for (let number = 2; number < 2 + after; number++) lost.push(...(await charge(number)));
  return { state, copy, lost };
}

test("a ledger that was put back charges nothing until the log says that it goes on, but tells again what it decided", async () => {
  const { copy } = await lived(0);
  const ports = putBack();
  const fresh = await aggregate(5, { epsilon: "1/10" }, { asking: 5 });
  const refused = await handle(fresh, copy, issuedAt, ports);
  assert.deepEqual([codesOf(refused), refused.outputs, refused.changes], [["REGION_RESTORED"], [], []]);
  const paid = await aggregate(1, { epsilon: "1/10" }, { asking: 1 });
  assert.equal(releasedIn(await handle(paid, copy, issuedAt, ports)).spend.sequence, 1);
  // Of another restoring than the last.
  await handleAnchored({ ...goesOn, text: goesOn.text.replaceAll("ab", "cd") }, copy, issuedAt, ports);
  assert.deepEqual(codesOf(await handle(fresh, copy, issuedAt, ports)), ["REGION_RESTORED"]);
  await goOn(copy);
  assert.equal(releasedIn(await handle(fresh, copy, issuedAt, ports)).spend.epsilon, "1/10");
});

test("a question under a seed from before is not charged, now that the seeds' keys are gone", async () => {
  const { copy } = await lived(0);
  await goOn(copy);
  const gone = () => Promise.reject(new PavilionError("HSM_KEY_MISSING", "The seed was destroyed."));
  const outcome = await handle(await aggregate(5, { epsilon: "1/10" }), copy, issuedAt, {
    ...putBack(),
    seed: gone,
  });
  assert.deepEqual(codesOf(outcome), ["REGION_RESTORED"]);
});

test("what was charged since the copy was made is taken over from the log, in its order, once", async () => {
  const { state, copy, lost } = await lived(3);
  const ports = putBack();
  const [first, second, third] = lost;
  assert.ok(first && second && third);
  assert.equal((await handleAnchored(second, copy.restored(), issuedAt, ports)).kind, "reject");
  for (const leaf of [first, first, second, third, second]) await handleAnchored(leaf, copy, issuedAt, ports);
  const account = (of: MemoryState): unknown => {
    const { leaf, sequence, epsilon, delta, digest, version } = of.get("accounts", "adults") as Record<
      string,
      unknown
    >;
    return { leaf, sequence, epsilon, delta, digest, version };
  };
  assert.deepEqual(account(copy), account(state));
  // Who paid then has paid.
  await handleAnchored(goesOn, copy, issuedAt, ports);
  const { request } = JSON.parse(third.text) as { request: string };
  assert.notEqual(copy.get("paid", request), undefined);
});

test("what may have been spent and never logged counts as spent, in every window, and leaves as a leaf", async () => {
  const { copy } = await lived(0);
  const outcome = await handleAnchored(goesOn, copy, issuedAt, putBack());
  const [leaf, ...others] = withheldIn(outcome);
  assert.ok(leaf);
  assert.deepEqual(others, []);
  const { sequence, epsilon, total, previous, restore: of } = leaf;
  assert.deepEqual([sequence, epsilon, total, of], [2, "1/5", "3/10", restore.id]);
  assert.equal(
    previous,
    (
      outputsOf(
        await handle(await aggregate(1, { epsilon: "1/10" }, { asking: 1 }), new MemoryState()),
        "dp.released",
      )[0] as { spendLeaf: string }
    ).spendLeaf,
  );
  const [standing] = outputsOf(outcome, "budget.states") as BudgetState[];
  assert.deepEqual([standing?.sequence, standing?.epsilon], [2, "3/10"]);
  assert.ok(standing?.windows.every((window) => window.epsilon === "3/10"));
  assert.deepEqual(
    outcome.audit.map(({ action }) => action),
    ["budget.withheld"],
  );
  // The word comes again, as after a crash: nothing is withheld twice.
  assert.deepEqual(withheldIn(await handleAnchored(goesOn, copy, issuedAt, putBack())), []);
});

test("the price of the dearest question is withheld where that is more, and never more than is left", async () => {
  const { copy } = await lived(0);
  const dear = await handleAnchored(goesOn, copy.restored(), issuedAt, putBack("1/2"));
  assert.deepEqual(
    withheldIn(dear).map(({ epsilon }) => epsilon),
    ["1/2"],
  );
  const all = await handleAnchored(goesOn, copy, issuedAt, putBack("0", "1"));
  assert.deepEqual(
    withheldIn(all).map(({ epsilon, total }) => [epsilon, total]),
    [["39/10", "4"]],
  );
  const exhausted = await spend(9, { epsilon: "1/10" }, copy);
  assert.equal(exhausted, "BUDGET_EXHAUSTED");
});

test("nothing more is charged until what was withheld is anchored: it may be lost again", async () => {
  const { copy } = await lived(0);
  const ports = putBack();
  const [leaf] = leavesOf(await handleAnchored(goesOn, copy, issuedAt, ports));
  const fresh = await aggregate(5, { epsilon: "1/10" }, { asking: 5 });
  assert.deepEqual((await handle(fresh, copy, issuedAt, ports)).outputs, []);
  const after = await handleAnchored(leaf ?? assert.fail(), copy, issuedAt, ports);
  assert.equal(releasedIn(after).spend.epsilon, "1/10");
});

test("no window limits what is withheld: it may have been spent over many days", async () => {
  const { copy } = await lived(0);
  const windowed = { ...terms, budgetWindows: [{ days: 1, epsilon: "1/10", delta: "1/1000000000" }] };
  const homes = () => [{ terms: windowed, largest: terms, dearest: "0" }];
  const outcome = await handleAnchored(goesOn, copy, issuedAt, { ...putBack(), homes });
  assert.deepEqual(
    withheldIn(outcome).map(({ epsilon }) => epsilon),
    ["1/5"],
  );
  const [leaf] = leavesOf(outcome);
  await handleAnchored(leaf ?? assert.fail(), copy, issuedAt, putBack());
  assert.equal(await spend(9, { ...windowed, epsilon: "1/100" }, copy), "BUDGET_EXHAUSTED");
});

test("a spend of the log that does not follow leaves the ledger shut until those before it are there", async () => {
  const { copy, lost } = await lived(2);
  const ports = putBack();
  const [first, second] = lost;
  assert.ok(first && second);
  assert.equal((await handleAnchored(second, copy, issuedAt, ports)).kind, "reject");
  assert.equal((await handleAnchored(goesOn, copy, issuedAt, ports)).kind, "reject");
  await handleAnchored(first, copy, issuedAt, ports);
  assert.equal((await handleAnchored(goesOn, copy, issuedAt, ports)).kind, "reject");
  // What was given up is driven again.
  await handleAnchored(second, copy, issuedAt, ports);
  assert.equal(withheldIn(await handleAnchored(goesOn, copy, issuedAt, ports)).length, 1);
});

test("a spend of the log that does not add up, or names another before it, is not taken over", async () => {
  const { copy, lost } = await lived(1);
  const { text = "" } = lost[0] ?? {};
  const leaf = JSON.parse(text) as Record<string, unknown>;
  for (const change of [
    { previous: "0".repeat(64) },
    { total: "3/10" },
    { deltaTotal: leaf.delta },
    { epsilon: "1/5" },
  ]) {
    const told = { kind: "spend", text: leafText({ ...leaf, ...change }) };
    assert.equal((await handleAnchored(told, copy.restored(), issuedAt, putBack())).kind, "reject");
  }
});

test("after a spend under a later document nothing is charged under the one before", async () => {
  const { copy, lost } = await lived(1);
  const { text = "" } = lost[0] ?? {};
  const later = { ...(JSON.parse(text) as object), document: "d".repeat(64) };
  await handleAnchored({ kind: "spend", text: leafText(later) }, copy, issuedAt, putBack());
  assert.equal(await spend(9, { epsilon: "1/10" }, copy), "STALE_POPULATION");
});

test("a ledger that lacks a spend charges nothing, restored or not", async () => {
  const { copy, lost } = await lived(2);
  await handleAnchored(lost[1] ?? assert.fail(), copy);
  assert.equal(await spend(9, { epsilon: "1/10" }, copy), "REGION_RESTORED");
  for (const leaf of lost) await handleAnchored(leaf, copy);
  assert.ok(typeof (await spend(9, { epsilon: "1/10" }, copy)) === "object");
});

test("a leaf is what its text says, whatever is told beside it", async () => {
  const { copy, lost } = await lived(1);
  const [leaf] = lost;
  assert.ok(leaf);
  await handleAnchored({ ...leaf, kind: "match" }, copy, issuedAt, putBack());
  assert.equal((copy.get("accounts", "adults") as { sequence: number }).sequence, 2);
});

test("a question that was charged before, as the log tells, is answered as one that was under way", async () => {
  const { copy, lost } = await lived(1);
  for (const leaf of lost) await handleAnchored(leaf, copy, issuedAt, putBack());
  const paid = await aggregate(2, { epsilon: "1/10" }, { asking: 2 });
  await goOn(copy);
  assert.deepEqual(codesOf(await handle(paid, copy, issuedAt, putBack())), ["REGION_RESTORED"]);
  const word = await handleOverdue(paid.request, copy, issuedAt, putBack());
  assert.deepEqual(codesOf(word), ["REGION_RESTORED"]);
});

test("while it is shut, nobody is told that nothing was charged", async () => {
  const { copy } = await lived(0);
  const fresh = await aggregate(5, { epsilon: "1/10" }, { asking: 5 });
  const word = await handleOverdue(fresh.request, copy, issuedAt, putBack());
  assert.deepEqual(codesOf(word), ["REGION_RESTORED"]);
  await goOn(copy);
  // It expired all the same.
  assert.deepEqual((await handle(fresh, copy, issuedAt, putBack())).outputs, []);
});

test("a population that was never charged here opens with what is withheld", async () => {
  const state = new MemoryState();
  const [leaf] = withheldIn(await goOn(state));
  assert.deepEqual([leaf?.sequence, leaf?.previous, leaf?.total], [1, null, "1/5"]);
  const next = releasedIn(await handle(await aggregate(1, { epsilon: "1/10" }), state, issuedAt, putBack()));
  assert.deepEqual([next.spend.sequence, next.spend.total], [2, "3/10"]);
  assert.equal(plan.population, "adults");
});

test("leaves of other kinds, and of the ledger before populations were documents, change nothing", async () => {
  const state = new MemoryState();
  for (const leaf of [
    { kind: "seed", text: leafText({ type: "pavilion/seed-leaf" }) },
    { kind: "match", text: leafText({ type: "pavilion/match-leaf", home: "au-east" }) },
    { kind: "spend", text: leafText({ type: "pavilion/spend-leaf", region: "au-east", sequence: 7 }) },
  ])
    assert.deepEqual((await handleAnchored(leaf, state)).changes, []);
});
