import assert from "node:assert/strict";
import { test } from "node:test";
import {
  collaborationOf,
  PARTITIONS,
  participant,
  pushed,
  pushId,
  signed,
} from "../../test/agent-messages.ts";
import { populationOver, populationsOf } from "../../test/populations.ts";
import { tableOf } from "../../test/stage-question.ts";
import { readMessage, requireCurrent, requireMember, requirePlace } from "./membership.ts";

const populations = populationsOf(populationOver(collaborationOf()));
const here = { region: "au", partitions: PARTITIONS, populations };
const collaborations = tableOf(collaborationOf());

const { header, batch } = await pushed([]);
const { text: blindedText } = await signed(
  "blinded-batch",
  {
    type: "pavilion/blinded-batch",
    collaboration: "health",
    version: 1,
    epoch: 1,
    provider: "beta",
    sequence: 1,
    push: pushId(1),
    count: 1,
    payloadDigest: "0".repeat(64),
  },
  "beta",
);
const blinded = readMessage("blinded-batch", blindedText);

test("reads a document of its kind, and no other text", () => {
  assert.deepEqual(readMessage("record-batch", batch.header), header);
  for (const text of ["", "{", "null", blindedText, `${batch.header}${" ".repeat(4096)}`]) {
    assert.throws(() => readMessage("record-batch", text), { code: "BATCH_UNREADABLE" });
  }
});

test("takes no document of a batch with more than 1,500 records, or 2,000 identifiers", () => {
  for (const [kind, document, most] of [
    ["record-batch", header, 1500],
    ["blinded-batch", blinded, 2000],
  ] as const) {
    const text = (count: number): string => JSON.stringify({ ...document, count });
    assert.equal(readMessage(kind, text(most)).count, most);
    assert.throws(() => readMessage(kind, text(most + 1)), { code: "BATCH_UNREADABLE", message: /\/count / });
  }
});

test("knows a provider by its topic, and by the dataset where the document names one", () => {
  for (const document of [header, blinded]) {
    assert.equal(requireMember(document, "beta", collaborations).participant.dataset, "beta-people");
    assert.throws(() => requireMember(document, "alpha", collaborations), { code: "NOT_A_MEMBER" });
    const other = { ...document, collaboration: "wealth" };
    assert.throws(() => requireMember(other, "beta", collaborations), { code: "NOT_A_MEMBER" });
  }
  const another = { ...header, dataset: "alpha-people" };
  assert.throws(() => requireMember(another, "beta", collaborations), { code: "NOT_A_MEMBER" });
});

test("takes a record only under the key of the participant's dataset", () => {
  requirePlace("beta-people", participant("beta"));
  for (const key of ["alpha-people", "beta", ""]) {
    assert.throws(
      () => {
        requirePlace(key, participant("beta"));
      },
      { code: "EVENT_MISPLACED" },
    );
  }
});

test("holds a document to the home, version, epoch and partitions of the latest version", () => {
  requireCurrent(header, collaborationOf(), here);
  const matching = { sender: "alpha", epoch: 1, partitions: PARTITIONS };
  const refusals: readonly (readonly [Parameters<typeof collaborationOf>[0], string])[] = [
    [{ population: "others" }, "UNKNOWN_POPULATION"],
    [
      { providers: [participant("alpha"), { ...participant("beta"), key: participant("delta").key }] },
      "OUTSIDE_POPULATION",
    ],
    [{ version: 2 }, "WRONG_EPOCH"],
    [{ matching: { ...matching, epoch: 2 } }, "WRONG_EPOCH"],
    [{ matching: { ...matching, partitions: PARTITIONS + 1 } }, "WRONG_EPOCH"],
  ];
  for (const [changes, code] of refusals) {
    assert.throws(
      () => {
        requireCurrent(header, collaborationOf(changes), here);
      },
      { code },
    );
  }
  const elsewhere = { ...here, region: "eu" };
  assert.throws(
    () => {
      requireCurrent(header, collaborationOf(), elsewhere);
    },
    { code: "NOT_HOME_REGION" },
  );
});
