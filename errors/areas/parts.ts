import type { Area } from "../area.ts";

export const parts = {
  title: "Parts that a region stands on",
  about:
    "Kafka, the schema registry, the HSM, the prover, the chain and what is kept on disk: told to the region's operator by whichever service or command met it. A stage waits, and nobody outside is told the code.",
  codes: {
    KAFKA_UNAVAILABLE: {
      status: 503,
      audience: ["operator", "user"],
      when: "Kafka does not answer.",
      remedy: "Check Kafka's address and that it is up; ./pavilion up starts this machine's.",
    },
    ACCESS_DENIED: {
      status: 403,
      audience: ["operator", "user"],
      when: "Kafka does not let the user do what a command has to.",
      remedy:
        "Use your newest access file, or ask whether you are revoked; for dead-letters, give --user and --password-file.",
    },
    REGISTRY_UNAVAILABLE: {
      status: 503,
      audience: ["operator", "user"],
      when: "The schema registry does not answer. A stage waits and tries again.",
      remedy: "Check the schema registry's address and that it answers; stages go on when it does.",
    },
    HSM_UNAVAILABLE: {
      status: 503,
      audience: ["operator"],
      when: "The PKCS#11 library or its token is not there, or opens no session. A stage waits and tries again.",
      remedy: "Check the PKCS#11 library's path and the token's label.",
    },
    HSM_KEY_MISSING: {
      status: 500,
      audience: ["operator"],
      when: "The token lacks one of the region's keys, or holds one without the attributes it has to have.",
      remedy: "Provision the region's keys once, before the connector starts.",
    },
    HSM_LOGIN_FAILED: {
      status: 500,
      audience: ["operator"],
      when: "The token refuses the PIN.",
      remedy: "Check the token's PIN.",
    },
    HSM_OPERATION_FAILED: {
      status: 503,
      audience: ["operator"],
      when: "The token refused or failed an operation, though it answers. A stage tries again, and gives the input up in the end.",
      remedy: "See the HSM's own log; the operation is retried.",
    },
    PROVER_UNAVAILABLE: {
      status: 503,
      audience: ["operator"],
      when: "The prover's thread does not start, or ended before it came to the proof. A stage waits, for as long as it takes.",
      remedy: "Find out why the prover's thread ends, usually for want of memory; the proof is tried again.",
    },
    PROOF_INTERRUPTED: {
      status: 503,
      audience: ["operator"],
      when: "The prover's thread ended while it made the proof. A stage tries again, and gives the input up after twenty times.",
      remedy:
        "Give the connector more memory, then redrive the dead letter: ./pavilion dead-letters redrive.",
    },
    PROOF_FAILED: {
      status: 500,
      audience: ["operator"],
      when: "The prover could not prove a release: the opening does not fit what is to be published.",
      remedy:
        "Ask again; if it fails again, tell the operator that commitments and openings do not fit together.",
    },
    CHAIN_UNAVAILABLE: {
      status: 503,
      audience: ["operator"],
      when: "The chain's node does not answer in time or gives an impossible answer, or the anchorer cannot pay. Anchoring waits and tries again.",
      remedy: "Check the chain's node and the anchorer's funds; anchoring goes on when it answers.",
    },
    CHAIN_MISMATCH: {
      status: 500,
      audience: ["operator"],
      when: "The chain's node is on a different chain from the configured one, or the chain has no anchoring contract at the address.",
      remedy: "Configure the id of the chain and the address of the contract that the log is anchored in.",
    },
    ANCHOR_FORKED: {
      status: 500,
      audience: ["operator"],
      when: "The log was anchored with a different root from the intended one.",
      remedy: "Stop: something else anchors with the region's key. Find it, then move to a new anchor key.",
    },
    ANCHOR_LOST: {
      status: 503,
      audience: ["operator"],
      when: "The newest known anchor is no longer on the chain.",
      remedy:
        "Nothing: the chain was reorganised, and the log is anchored again from the last anchor that stands.",
    },
    STATE_NEWER: {
      status: 500,
      audience: ["operator"],
      when: "A later version of this program kept the states that lie in the folder; this one does not touch them.",
      remedy:
        "Run that version or a later one. To go back, put the copy of the whole stack in its place that was made before it was brought up.",
    },
    STATE_UNSOUND: {
      status: 500,
      audience: ["operator"],
      when: "A partition's folder of state cannot be read, is of another changelog, or was taken over by another process.",
      remedy: "Do nothing: the partition's folder is thrown away, and its state restored from the changelog.",
    },
  },
} as const satisfies Area;
