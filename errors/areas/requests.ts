import type { Area } from "../area.ts";

export const requests = {
  title: "Requests",
  about:
    "Published to the asker as the one result of the request, with the code, what was wrong and what to do.",
  codes: {
    REQUEST_UNREADABLE: {
      status: 400,
      audience: ["asker"],
      when: "The record or its document does not follow the schema, is above 16 KiB, is not the RFC 8785 text that was signed, or its date does not exist.",
      remedy: "Publish an Avro SignedRequest whose document follows request.schema.json.",
    },
    REQUEST_ID_MISMATCH: {
      status: 400,
      audience: ["asker"],
      when: "The record's key, its `requestId` and the document's id are not the same.",
      remedy: "Use the document's id as the record's key and as its requestId.",
    },
    UNKNOWN_BROKER: {
      status: 403,
      audience: ["asker"],
      when: "The collaboration's latest version does not name the broker.",
      remedy: "Have the collaboration's providers add the broker and its key to a new version.",
    },
    BROKER_REVOKED: {
      status: 403,
      audience: ["asker"],
      when: "The region's operator has revoked the broker, so nothing that it asks is worked on.",
      remedy: "Settle it with the region's operator, who may admit the broker again.",
    },
    PROVIDER_REVOKED: {
      status: 409,
      audience: ["asker"],
      when: "The region's operator has revoked a provider of the collaboration, so nothing is asked of its data.",
      remedy:
        "Ask over a collaboration without the provider, or wait until the region's operator admits it again.",
    },
    UNKNOWN_TENANT: {
      status: 403,
      audience: ["asker"],
      when: "The broker asks for a tenant that the collaboration does not allow it.",
      remedy: "Have the collaboration's providers allow the tenant in a new version.",
    },
    BAD_SIGNATURE: {
      status: 403,
      audience: ["asker", "provider", "operator"],
      when: "A request, batch, announcement or collaboration is not signed by the key that is pinned for its signer. A provider gets it in a notice.",
      remedy: "Sign the canonical document with the key that the collaboration pins.",
    },
    UNKNOWN_POPULATION: {
      status: 404,
      audience: ["asker", "provider", "operator"],
      when: "The region has no population of that id.",
      remedy: "Check the id, or publish the population in this region first.",
    },
    UNKNOWN_COLLABORATION: {
      status: 404,
      audience: ["asker", "provider", "operator"],
      when: "The region has no collaboration of that id.",
      remedy: "Check the id, or publish the collaboration in this region first.",
    },
    EARLIER_COLLABORATION: {
      status: 409,
      audience: ["asker"],
      when: "All versions of the collaboration are of the format before populations were documents.",
      remedy:
        "Have its providers agree on a population (./pavilion population sign, then publish), then on a new version that names it (./pavilion collaboration sign, then publish).",
    },
    OUTSIDE_POPULATION: {
      status: 409,
      audience: ["asker", "provider", "operator"],
      when: "A dataset of the collaboration is not one of its population's under the provider and key that the collaboration pins. A provider gets it in a notice, the operator when it publishes.",
      remedy:
        "Have the population's providers take the dataset in by a new version (./pavilion population sign, then publish), or leave it out of the collaboration.",
    },
    STALE_POPULATION: {
      status: 409,
      audience: ["asker"],
      when: "A question was planned under a version of the population's document, and another question has been charged under a later one since. Nothing is spent.",
      remedy: "The population's terms changed while the question was under way; ask again.",
    },
    STALE_COLLABORATION: {
      status: 409,
      audience: ["asker"],
      when: "The request names another version of the collaboration than its latest.",
      remedy:
        "See its latest version by ./pavilion collaboration show ID --broker BROKER, and ask under its terms by naming it.",
    },
    QUESTION_TOO_LARGE: {
      status: 422,
      audience: ["asker"],
      when: "The question's measures and groups together would take more proofs, over more columns, than one evidence bundle holds.",
      remedy: "Ask for fewer measures or groups at once.",
    },
    NOT_HOME_REGION: {
      status: 422,
      audience: ["asker", "provider"],
      when: "The region is no home of the collaboration's population, or the request names another. A provider gets it in a notice.",
      remedy:
        "Name a home of the collaboration's population, and publish the request there; data never leaves it.",
    },
    REGION_UNAVAILABLE: {
      status: 503,
      audience: ["asker"],
      when: "A stage that the answer needs was not seen within the last minute; over HTTP, something that the region needs does not respond.",
      remedy: "Ask again in a few minutes; if it stays so, tell the region's operator that a stage is down.",
    },
    RATE_LIMITED: {
      status: 429,
      audience: ["asker"],
      when: "As many requests signed by the broker are waiting in the region as are allowed: in each partition 1,024 for a tenant and 8,192 in all, for 256 tenants, unless the operator has set other limits. Or the broker or the tenant asked more often within a minute than the operator lets it. The message says in about how many seconds there is room. Nothing is charged.",
      remedy:
        "Wait for the results of earlier requests, then ask again, under a new id and nonce and fewer at once.",
    },
    EVIDENCE_BEHIND: {
      status: 429,
      audience: ["asker"],
      when: "The broker's questions are answered faster than their proofs are made, and as many of its answers wait for theirs as are allowed: 8,192 in a partition, unless the operator has set another limit. The message says in about how many seconds there is room. Nothing is charged.",
      remedy: "Wait until evidence of earlier answers has come, then ask again, under a new id and nonce.",
    },
    CLOCK_SKEW: {
      status: 422,
      audience: ["asker"],
      when: "The request was issued more than five minutes before or after the region's time, which is Kafka's.",
      remedy: "Set the asker's clock: issuedAt has to lie within five minutes of the region's time.",
    },
    DEADLINE_PASSED: {
      status: 504,
      audience: ["asker"],
      when: "The request came after its deadline, or was not answered by then. Nothing was charged, and nothing will be.",
      remedy: "Ask again, with a longer deadline if the region is busy.",
    },
    POLICY_DENIED: {
      status: 403,
      audience: ["asker"],
      when: "The region's policy denies the purpose, the legal basis, the place or the asker. The message gives its reasons.",
      remedy: "Ask for a purpose and on a legal basis that the collaboration allows.",
    },
    UNKNOWN_COLUMN: {
      status: 422,
      audience: ["asker"],
      when: "The question names a column that no dataset of the collaboration has, one whose kind does not fit the measure, the variance of one without declared squares, or groups twice by one name.",
      remedy:
        "Ask only for columns that the collaboration declares, of a kind that the measure fits, grouping by each once.",
    },
    EPSILON_OUT_OF_RANGE: {
      status: 422,
      audience: ["asker"],
      when: "The question's epsilon is not a fraction above zero, is above the limit for one question, or is one that noise cannot serve: too wide to be exact, or too narrow to hide anybody.",
      remedy:
        "Ask for an epsilon within the collaboration's limit per question; where noise would be too wide, ask for more epsilon or for fewer measures at once.",
    },
    DATASET_NOT_READY: {
      status: 409,
      audience: ["asker"],
      when: "A dataset of the collaboration was not pushed yet, or is in the middle of a push.",
      remedy: "Wait until every provider has pushed its dataset, then ask again.",
    },
    STALE_SEED: {
      status: 409,
      audience: ["asker"],
      when: "The request names a noise seed that is not anchored in this region, or is no longer open.",
      remedy: "Read the newest open seed from config.seeds, sign a new request that names it, and ask again.",
    },
    BUDGET_UNANCHORED: {
      status: 503,
      audience: ["asker"],
      when: "As much of the population's budget as may be at once is spent and not anchored on the chain yet, and as many questions wait for that as may. Nothing was charged.",
      remedy: "Wait until evidence of earlier questions is there, then ask again, under a new id and nonce.",
    },
    REGION_RESTORED: {
      status: 503,
      audience: ["asker"],
      when: "The region was put back from a backup while the question was under way: it does not know whether it was charged before, and charges it not again.",
      remedy: "Wait until the region has an open seed again, then ask again, under a new id and nonce.",
    },
    STALE_HEAD: {
      status: 409,
      audience: ["asker"],
      when: "A dataset changed after the state that the question names, before it was answered.",
      remedy: "Ask again: the data changed while the question was under way.",
    },
    BUDGET_EXHAUSTED: {
      status: 409,
      audience: ["asker"],
      when: "The population's privacy budget, in total or in its window, does not cover the question. Nothing is spent.",
      remedy: "Ask for less epsilon, or wait until the budget's window moves on.",
    },
    INTERNAL_ERROR: {
      status: 500,
      audience: ["asker", "provider", "operator"],
      when: "A stage failed on the input for good, or found a state that should be impossible. The input is in the stage's dead letters. A request that dp had answered before stays charged.",
      remedy: "Tell the region's operator the request's id: the cause stands in a stage's dead letters.",
    },
  },
} as const satisfies Area;
