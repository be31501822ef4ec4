import type { Area } from "../area.ts";

export const batches = {
  title: "Provider batches",
  about:
    "Told to the provider in a notice; a batch is rejected whole. The rows at fault are named to nobody else.",
  codes: {
    BATCH_UNREADABLE: {
      status: 400,
      audience: ["provider"],
      when: "The signed document, a record or the payload's shape does not follow its schema or the document.",
      remedy: "Bring the agent to the version that the region runs, then push again.",
    },
    NOT_A_MEMBER: {
      status: 403,
      audience: ["provider"],
      when: "The provider takes no part in a collaboration of that id, not with this dataset, or not in this role.",
      remedy:
        "Check the provider's and the dataset's name, or have everybody sign a new version that names them.",
    },
    WRONG_EPOCH: {
      status: 409,
      audience: ["provider"],
      when: "The message is for another version or epoch than the current one, or the epoch was agreed for another partition count.",
      remedy: "Push again, under the collaboration's current version and epoch.",
    },
    BATCH_OUT_OF_SEQUENCE: {
      status: 409,
      audience: ["provider"],
      when: "The batch does not follow the last accepted one: it leaves a gap, forks the chain or is an older one.",
      remedy: "Resume after the last accepted batch; batches are numbered without gaps.",
    },
    BATCH_DIGEST_MISMATCH: {
      status: 400,
      audience: ["provider"],
      when: "The payload does not have the digest that its signed header states.",
      remedy: "Push again: the payload is not the one that was signed.",
    },
    RECORD_NOT_OPENED: {
      status: 422,
      audience: ["provider"],
      when: "A record does not open at its place: it was sealed to another key, for another batch or in another order.",
      remedy: "Seal to the region's current HPKE key, in sequence, bound to the batch.",
    },
    COMMITMENT_MALFORMED: {
      status: 422,
      audience: ["provider"],
      when: "A commitment is not a point of the curve, is the identity or of small order, or its blinding is not a scalar.",
      remedy: "Bring the agent to the version that the region runs, then push again.",
    },
    COMMITMENT_NOT_OPENED: {
      status: 422,
      audience: ["provider"],
      when: "The commitments of the batch do not open to the values that were sealed with them.",
      remedy: "Commit to exactly the values that are sealed, under the provider's own slot.",
    },
    DUPLICATE_TOKEN: {
      status: 422,
      audience: ["provider"],
      when: "A person stands more than once in one push.",
      remedy: "Leave one row for each person in the file, then push again.",
    },
    VALUE_OUT_OF_BOUNDS: {
      status: 422,
      audience: ["provider"],
      when: "A value lies outside its column's declared range, is missing where the column is not nullable, or is not what a squares or bins column makes of its own.",
      remedy:
        "Push values within the bounds and domains that the collaboration declares, squares and bins computed from their column.",
    },
    DATASET_TOO_LARGE: {
      status: 422,
      audience: ["provider"],
      when: "The dataset would have more records than the collaboration allows.",
      remedy: "Push fewer records, or agree on a new version with a larger limits.records.",
    },
    CHURN_LIMIT: {
      status: 429,
      audience: ["provider"],
      when: "The dataset would change more within one UTC day than the collaboration allows.",
      remedy: "Wait for the next UTC day, or agree on a new version with a larger limits.changesPerDay.",
    },
  },
} as const satisfies Area;
