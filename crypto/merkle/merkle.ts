/**
 * The tree of an append-only log: RFC 6962 section 2.1, with the verification algorithms of RFC 9162 section 2.1.
 *
 * Promises: one list of leaves has one root; a leaf's hash is no inner node's; a last node without a sibling moves up as it is.
 * Does not: bind a size to its root, which the signed checkpoint and the anchor do; nor hide a leaf that can be guessed, which
 * its salt does.
 */
export { EMPTY_ROOT, type Hash, isHash, leafHash, nodeHash } from "./hash.ts";
export { consistencyProof, inclusionProof } from "./proof.ts";
export { append, type NewNode, type Nodes, rootOf, rootOfLeaves } from "./tree.ts";
export { verifyConsistency, verifyInclusion } from "./verify.ts";
