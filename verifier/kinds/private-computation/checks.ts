/** The checks of an answer's bundle in the order in which they are told, each under a name that does not change. */
export const shows = {
  "collaboration-signatures": "Every provider, under the key you trust, signed the collaboration.",
  population:
    "You trust this version of the population's document; its providers signed it, and it has all the collaboration's datasets.",
  "request-signature": "The broker, under the key you trust, signed the request.",
  home: "The request names a home of the population, whose connector and log key you trust, in its jurisdiction.",
  "request-terms":
    "The collaboration lets this broker ask for this tenant, purpose, legal basis and epsilon.",
  "dataset-heads": "Every provider signed the whole push that the answer is as of.",
  policy: "The policy you trust allows the question.",
  "log-checkpoint": "The region's log signed the checkpoint, and the one that its seed was anchored with.",
  "log-inclusion": "The seed, match and spend leaves stand in the log.",
  "log-consistency":
    "From the seed's anchor to this checkpoint each anchored log is the beginning of the next: nothing was rewritten.",
  "log-order":
    "The seed was anchored before the match was logged, and the match was logged before the spend.",
  "chain-contract": "Chain, contract and anchorer are the ones you trust.",
  "chain-state": "In the block you trust, the contract holds the state of this log.",
  "chain-links": "That state is made of this log's anchors, from the seed's to this checkpoint's.",
  "seed-leaf": "The log holds the commitment of the noise seed that the request names.",
  "seed-before-request":
    "The noise seed was anchored before the request was issued, up to five minutes between two clocks.",
  plan: "The question is one that the collaboration's columns answer, at a known scale and width of noise.",
  "match-leaf": "The match leaf is of this request, these datasets and every group of the question.",
  "release-groups": "Every group is released in order, and none below the minimum group.",
  "spend-leaf":
    "The spend leaf charges this request its epsilon for this match and exactly these released values.",
  "credential-signature": "The region signed the result credential.",
  "credential-content":
    "The credential says what follows from request, plan, leaves and released values, its answer recomputed.",
  "credential-words":
    "When the credential was issued, and what the population has left, is the region's word.",
  "newest-data":
    "That no newer data and no newer version of the terms was there is the region's and the broker's word.",
  "release-circuit": "The proofs' verification key is one you trust, and this verifier has it.",
  "release-remainders": "What each proof leaves out is over exactly the coordinates that it does not open.",
  "release-proofs":
    "Each released value differs from the exact one that the match leaf commits to by at most the width of the noise.",
  "suppressed-groups": "Whatever group is suppressed had a noised count below the minimum.",
  "noise-drawn": "The noise itself was drawn as stated; that it keeps to its width is proven.",
  "committed-values":
    "What providers committed to keeps to its columns' bounds, categories, squares and bins; ingest checked every record.",
  "true-match": "The aggregate is over the true match, which a matching auditor can replay.",
} as const;

export type CheckName = keyof typeof shows;
