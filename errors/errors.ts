/**
 * The one catalogue of error codes. A code is stable; docs/errors.md lists each, and a test holds the two together.
 * Messages and remedies hold no secret, token, identifier, value or count.
 */
export const errorCatalogue = {
  // Requests: published to the asker in the one result of the request.
  REQUEST_UNREADABLE: "Publish an Avro SignedRequest whose document follows request.schema.json.",
  REQUEST_ID_MISMATCH: "Use the document's id as the record's key and as its requestId.",
  UNKNOWN_BROKER: "Have the collaboration's providers add the broker and its key to a new version.",
  BROKER_REVOKED: "Settle it with the region's operator, who may admit the broker again.",
  PROVIDER_REVOKED:
    "Ask over a collaboration without the provider, or wait until the region's operator admits it again.",
  UNKNOWN_TENANT: "Have the collaboration's providers allow the tenant in a new version.",
  BAD_SIGNATURE: "Sign the canonical document with the key that the collaboration pins.",
  UNKNOWN_POPULATION: "Check the id, or publish the population in this region first.",
  UNKNOWN_COLLABORATION: "Check the id, or publish the collaboration in this region first.",
  EARLIER_COLLABORATION:
    "Have its providers agree on a population (./pavilion population sign, then publish), then on a new version that names it (./pavilion collaboration sign, then publish).",
  OUTSIDE_POPULATION:
    "Have the population's providers take the dataset in by a new version (./pavilion population sign, then publish), or leave it out of the collaboration.",
  STALE_POPULATION: "The population's terms changed while the question was under way; ask again.",
  STALE_COLLABORATION:
    "See its latest version by ./pavilion collaboration show ID --broker BROKER, and ask under its terms by naming it.",
  QUESTION_TOO_LARGE: "Ask for fewer measures or groups at once.",
  NOT_HOME_REGION:
    "Name a home of the collaboration's population, and publish the request there; data never leaves it.",
  REGION_UNAVAILABLE:
    "Ask again in a few minutes; if it stays so, tell the region's operator that a stage is down.",
  RATE_LIMITED:
    "Wait for earlier requests' results, then ask again: under a new id and nonce, and fewer at once.",
  CLOCK_SKEW: "Set the asker's clock: issuedAt must lie within five minutes of the broker's time.",
  DEADLINE_PASSED: "Ask again, with a longer deadline if the region is busy.",
  POLICY_DENIED: "Ask for a purpose and on a legal basis that the collaboration allows.",
  UNKNOWN_COLUMN:
    "Ask only for columns that the collaboration declares, of a kind that the measure fits, grouping by each once.",
  EPSILON_OUT_OF_RANGE:
    "Ask for an epsilon within the collaboration's limit per question; where noise is too wide, for more of it or for less at once.",
  DATASET_NOT_READY: "Wait until every provider has pushed its dataset, then ask again.",
  STALE_SEED: "Read the newest open seed from config.seeds, sign a new request that names it, and ask again.",
  STALE_HEAD: "Ask again: the data changed while the question was under way.",
  BUDGET_EXHAUSTED: "Ask for less epsilon, or wait until the budget's window moves on.",
  INTERNAL_ERROR: "Tell the region's operator the request's id: the cause stands in a stage's dead letters.",

  // Provider batches: told to the provider in a notice.
  BATCH_UNREADABLE: "Bring the agent to the version that the region runs, then push again.",
  NOT_A_MEMBER:
    "Check the provider's and the dataset's name, or have everybody sign a new version that names them.",
  WRONG_EPOCH: "Push again, under the collaboration's current version and epoch.",
  BATCH_OUT_OF_SEQUENCE: "Resume after the last accepted batch; batches are numbered without gaps.",
  BATCH_DIGEST_MISMATCH: "Push again: the payload is not the one that was signed.",
  RECORD_NOT_OPENED: "Seal to the region's current HPKE key, in sequence, bound to the batch.",
  COMMITMENT_MALFORMED: "Bring the agent to the version that the region runs, then push again.",
  COMMITMENT_NOT_OPENED: "Commit to exactly the values that are sealed, under the provider's own slot.",
  DUPLICATE_TOKEN: "Leave one row for each person in the file, then push again.",
  VALUE_OUT_OF_BOUNDS:
    "Push values within the bounds and domains that the collaboration declares, squares and bins computed from their column.",
  DATASET_TOO_LARGE: "Push fewer records, or agree on a new version with a larger limits.records.",
  CHURN_LIMIT: "Wait for the next UTC day, or agree on a new version with a larger limits.changesPerDay.",

  // A provider's agent, to its own provider, and between agents.
  AGENT_BUSY: "Wait until the other process has ended, or have this one wait for it by --wait.",
  ROWS_LEFT_OUT:
    "Correct the file, or the columns that the collaboration names; where so much is meant, say so by --left-out-max or --emptied-max.",
  PUSH_INTERRUPTED:
    "Finish the earlier push by provider push --resume, or give up what is not live of it by --discard.",
  PUSH_OVERTAKEN: "Push from one machine at a time, then push again.",
  REGION_BEHIND:
    "Ask the region's operator what was lost or restored; ./pavilion provider state shows both sides, and provider state repair goes on from them.",
  EPOCH_KEY_REFUSED:
    "Have the sender that the collaboration names announce one key an epoch; another takes a new epoch.",
  OPRF_METER_EXCEEDED:
    "Agree on a new epoch, or on a new version with a larger limits.records: an epoch has four times that.",

  // Runtime.
  RECORD_UNREADABLE:
    "Write records by a Kafka client of version 0.11 or later, plain or compressed by gzip, snappy, lz4 or zstd.",
  RECORD_TOO_LARGE: "Keep to the bounds on keys, headers, records and batches in docs/protocol.md.",
  EVENT_UNREADABLE: "Publish the registered Avro schema in the Confluent wire format.",
  EVENT_MISPLACED:
    "Key the record as its topic asks, and let the key choose the partition (murmur2, Kafka's default).",
  EVENT_TYPE_UNKNOWN: "Publish only the event types that the topic declares.",
  PROOF_FAILED:
    "Ask again; if it fails again, tell the operator that commitments and openings do not fit together.",

  // Documents that several parties sign, as the operator publishes them.
  SIGNATURE_MISSING:
    "Have whoever is named sign the document, or sign that it leaves; or remove it as the operator, with a reason.",
  VERSION_SUPERSEDED: "Read the version that stands, and make the change in the one after it.",
  VERSION_EARLY: "Publish the versions before it first, and name the last one's digest as previous.",
  DATASET_TAKEN:
    "Name the dataset in the population that it belongs to: a dataset never changes its population.",

  // Set-up and command line.
  CONFIG_INVALID: "Correct the named settings.",
  CIRCUIT_MISMATCH: "Restore the circuit's artifacts as they were released, all from one build.",
  PART_MISSING: "Run the command again with the package registries reachable; finished downloads are kept.",
  STACK_DOWN: "Run ./pavilion up first.",
  CONFIRMATION_MISSING: "Confirm it as the command says.",
  DISK_FULL: "Free some room, then run the command again: what was done stays.",
  PORT_IN_USE: "Stop whoever listens there, or choose another port in stack.json.",
  PART_START_FAILED: "Read why at the end of the log that is named; ./pavilion doctor says what is missing.",
  HSM_UNAVAILABLE: "Check the PKCS#11 library's path and the token's label.",
  HSM_KEY_MISSING: "Provision the region's keys once, before the connector starts.",
  HSM_LOGIN_FAILED: "Check the token's PIN.",
  HSM_OPERATION_FAILED: "See the HSM's own log; the operation is retried.",
  PROVER_UNAVAILABLE: "See why the prover's thread ended, memory above all; the proof is tried again.",
  KAFKA_UNAVAILABLE: "Check Kafka's address and that it is up; ./pavilion up starts this machine's.",
  REGISTRY_UNAVAILABLE: "Check the schema registry's address and that it answers; stages go on when it does.",
  CHAIN_UNAVAILABLE: "Check the chain's node and the anchorer's funds; anchoring goes on when it answers.",
  CHAIN_MISMATCH: "Configure the chain id and the registry contract that the log is anchored in.",
  ANCHOR_FORKED:
    "Stop: something else anchors with the region's key. Find it, then move to a new anchor key.",
  ANCHOR_LOST: "The chain was reorganised: anchor again from the last anchor that stands.",
  STATE_UNSOUND: "Nothing: the partition's folder is thrown away, and its state restored from the changelog.",
  KEYSTORE_UNREADABLE: "Give the passphrase that the keys were made with.",
  DOCUMENT_INVALID: "Correct the named members of the document.",
  INPUT_UNREADABLE:
    "Give a CSV file in UTF-8: commas between columns, the declared ones named in its first line.",
  PUSH_REJECTED: "Mend what the notice names, then push again.",
  METRICS_UNAVAILABLE: "Check that the connector is up and that its configuration names a metrics port.",
  ACCESS_DENIED:
    "Use your newest access file, or ask whether you are revoked; of dead-letters, --user and --password-file.",
  DEAD_LETTER_UNKNOWN: "Name a letter as ./pavilion dead-letters list prints it.",
  REDRIVE_SUPERSEDED: "Run it again if letters are left; what was redriven stays so.",
  TIMED_OUT: "Check that every part is up, then try again.",
  TRUST_UNREADABLE: "Give the trust file that your own sources confirm: --trust TRUST.json.",
  BUNDLE_UNREADABLE: "Give an evidence bundle as it was published, unaltered.",
  USAGE_INVALID: "Run ./pavilion COMMAND --help.",
  UNKNOWN_COMMAND: "Run ./pavilion help.",
} as const;

export type ErrorCode = keyof typeof errorCatalogue;

/** The code that a text names, or the other one: texts come from logs and topics, where a later version may write. */
export const errorCodeOr = (text: string, other: ErrorCode): ErrorCode =>
  Object.hasOwn(errorCatalogue, text) ? (text as ErrorCode) : other;

/** An expected failure: a stable code, what was wrong, and what to do. */
export class PavilionError extends Error {
  readonly code: ErrorCode;
  readonly remedy: string;

  constructor(
    code: ErrorCode,
    message: string,
    remedy: string = errorCatalogue[code],
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = "PavilionError";
    this.code = code;
    this.remedy = remedy;
  }
}
