/**
 * Pedersen commitments on Baby Jubjub: made and shared by providers, opened by the region, added up, and proven about.
 * README.md has the statement, the encodings and the limits.
 */
export { type Committed, type SharedCommitment, commit, commitRecords, commitSums } from "./commit.ts";
export { blindingGenerator, generator } from "./generators.ts";
export {
  type Point,
  IDENTITY,
  ORDER,
  addPoints,
  decodeCurvePoint,
  decodePoint,
  encodePoint,
  encodePoints,
  multiply,
} from "./group.ts";
export { type Opening, verifyOpenings } from "./openings.ts";
export { type RepresentationProof, proveRepresentation, verifyRepresentation } from "./representation.ts";
export { type Representation, type Represented, represent } from "./represented.ts";
export { decodeScalar, encodeScalar, scalarFrom } from "./scalars.ts";
export { liftShare, shareOf, sharesOf } from "./share.ts";
