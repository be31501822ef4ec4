import assert from "node:assert/strict";
import { test } from "node:test";
import { Standing } from "./standing.ts";

const core = { id: "core", key: "k1" };

test("whoever has no entry stands, and names of objects' members are names like others", () => {
  const standing = new Standing();
  for (const id of ["core", "constructor", "__proto__", "toString"]) {
    assert.equal(standing.isBrokerRevoked({ id, key: "k" }), false);
    assert.equal(standing.isProviderRevoked(id), false);
  }
});

test("a revoked broker is revoked under its name with any key, and under its key with any name", () => {
  const standing = new Standing();
  standing.addBroker({ broker: "core", key: "k1", admitted: false });
  assert.ok(standing.isBrokerRevoked(core));
  assert.ok(standing.isBrokerRevoked({ id: "core", key: "k2" }));
  assert.ok(standing.isBrokerRevoked({ id: "alias", key: "k1" }));
  assert.equal(standing.isBrokerRevoked({ id: "other", key: "k2" }), false);
});

test("a broker is known once it was let in, and stays known when it is cut off", () => {
  const standing = new Standing();
  for (const id of ["core", "constructor", "__proto__"]) assert.equal(standing.hasBroker(id), false);
  for (const admitted of [true, false]) {
    standing.addBroker({ broker: "core", key: "k1", admitted });
    assert.ok(standing.hasBroker("core"));
  }
});

test("one that was revoked without a known key takes nobody along who has none", () => {
  const standing = new Standing();
  standing.addBroker({ broker: "core", key: null, admitted: false });
  assert.ok(standing.isBrokerRevoked(core));
  assert.equal(standing.isBrokerRevoked({ id: "other", key: "null" }), false);
});

test("the last entry counts: who is admitted again stands again", () => {
  const standing = new Standing();
  for (const admitted of [true, false, false, true]) {
    standing.addBroker({ broker: "core", key: "k1", admitted });
    standing.addProvider({ provider: "clinic", admitted });
    assert.equal(standing.isBrokerRevoked(core), !admitted);
    assert.equal(standing.isProviderRevoked("clinic"), !admitted);
  }
});
