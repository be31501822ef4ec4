import assert from "node:assert/strict";
import { test } from "node:test";
import type { Population } from "../../schemas/json/population.ts";
import { collaborationOf } from "../../test/agent-messages.ts";
import {
  cardOfRegion,
  earlierCollaborationOf,
  keyNamed,
  populationOver,
  populationsOf,
} from "../../test/populations.ts";
import { tableOf } from "../../test/stage-question.ts";
import { requireMembership } from "./membership.ts";

const collaboration = collaborationOf();
const self = { provider: "alpha", region: "au", publicKey: keyNamed("alpha").publicKey };
const over = (changes: Partial<Population> = {}, region = "au"): Population =>
  populationOver(collaboration, { region }, changes);

const membershipUnder = (population: Population | undefined, who = self) =>
  requireMembership(
    {
      collaborations: tableOf(collaboration),
      populations: populationsOf(...(population === undefined ? [] : [population])),
    },
    collaboration.id,
    who,
  );

test("records are sealed to the key that the population pins for the agent's region", () => {
  const { sealingKey, participant } = membershipUnder(over());
  assert.equal(Buffer.from(sealingKey).toString("base64url"), cardOfRegion.sealingKey);
  assert.equal(participant.id, "alpha");
});

test("nothing is pushed where the population is not there, or does not have the provider's dataset", () => {
  assert.throws(() => membershipUnder(undefined), { code: "UNKNOWN_POPULATION" });
  const without = over().datasets.filter(({ provider }) => provider !== "alpha");
  assert.throws(() => membershipUnder(over({ datasets: without })), { code: "OUTSIDE_POPULATION" });
});

test("nothing is pushed to a region that is no home of the population", () => {
  assert.throws(() => membershipUnder(over({}, "nz")), { code: "NOT_HOME_REGION" });
});

test("nothing is pushed under another key than the pinned one, or by somebody who takes no part", () => {
  const notMember = { code: "NOT_A_MEMBER" };
  const publicKey = keyNamed("beta").publicKey;
  assert.throws(() => membershipUnder(over(), { ...self, publicKey }), notMember);
  assert.throws(() => membershipUnder(over(), { ...self, provider: "delta" }), notMember);
});

test("nothing is pushed to a collaboration of the format before populations", () => {
  const terms = {
    collaborations: { ...tableOf(), earlier: [earlierCollaborationOf()] },
    populations: populationsOf(over()),
  };
  assert.throws(() => requireMembership(terms, "care", self), { code: "EARLIER_COLLABORATION" });
});
