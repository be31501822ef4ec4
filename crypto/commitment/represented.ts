/**
 * A sum over the generators of some coordinates and the base of blindings, with the proof that it is over exactly those. What
 * goes in and comes out are plain values, which another thread can be handed.
 */
import { CryptoError } from "../errors.ts";
import { blindingGenerator, generator } from "./generators.ts";
import { addPoints, encodePoint, multiply } from "./group.ts";
import { proveRepresentation, type RepresentationProof } from "./representation.ts";

/** Scalars and nonces are secret. */
export interface Representation {
  readonly coordinates: readonly { readonly slot: number; readonly index: number }[];
  /** One for each coordinate, and after them the blinding. */
  readonly scalars: readonly bigint[];
  /** What the proof is for. */
  readonly context: Uint8Array;
  /** 64 uniform bytes for each scalar, the same ones for no other proof. */
  readonly nonces: readonly Uint8Array[];
}

export interface Represented {
  /** As `encodePoint` has it. Public, like its proof. */
  readonly point: Uint8Array;
  readonly proof: RepresentationProof;
}

/** Throws COMMITMENT_INVALID where there is not a scalar and a nonce for each base. */
export function represent({ coordinates, scalars, context, nonces }: Representation): Represented {
  const bases = [...coordinates.map(({ slot, index }) => generator(slot, index)), blindingGenerator()];
  if (scalars.length !== bases.length || nonces.length !== bases.length)
    throw new CryptoError(
      "COMMITMENT_INVALID",
      "a representation has one scalar and one nonce for each base",
    );
  const sum = addPoints(bases.map((base, index) => multiply(base, scalars[index] ?? 0n)));
  const nonce = (index: number): Uint8Array => nonces[index] ?? new Uint8Array();
  return { point: encodePoint(sum), proof: proveRepresentation(bases, scalars, context, nonce, sum) };
}
