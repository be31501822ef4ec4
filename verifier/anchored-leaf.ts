/**
 * A record of the log's topic, held to what binds it: of a leaf only its bytes are hashed, so whatever else the record says
 * is believed nowhere, and is a fault where it disagrees with them, with the checkpoint, or with the trust file.
 *
 * | member                            | bound by                                                                       |
 * | --------------------------------- | ------------------------------------------------------------------------------ |
 * | `text`                            | its RFC 6962 hash, under the checkpoint that the log's key signed              |
 * | `kind`, `requestDigest`           | `type` and `request` in the text                                               |
 * | `log`, and `home` in the text     | the trust file                                                                 |
 * | `index`, `proof`                  | the inclusion proof, and the order of the leaves before                        |
 * | `size`, `root`                    | the checkpoint                                                                 |
 * | `checkpoint`                      | the log's key, in the trust file                                               |
 * | `chainId`, `contract`, `anchorer` | the trust file                                                                 |
 * | `transaction`, `block`            | nothing: where to look at a node of one's own. A batch's leaves name the same. |
 */
import { CryptoError } from "../crypto/errors.ts";
import { verifyCheckpoint } from "../crypto/checkpoint/checkpoint.ts";
import { leafHash } from "../crypto/merkle/merkle.ts";
import { leafText } from "../domain/log/leaves.ts";
import { PavilionError } from "../errors/errors.ts";
import type { TrustedRegion } from "../schemas/json/trust.ts";
import { typeOf, type KindAudit, type Leaf } from "./kind.ts";
import { isSignedAlone, type Tree } from "./log.ts";
import { rawKey } from "./trust.ts";

/** Leaves of one type, as one audit takes them. */
export interface KnownLeaves {
  /** How the topic calls them. */
  readonly name: string;
  readonly audit: KindAudit;
}

/** Above the longest leaf, a match of 260 groups over sixteen datasets, by far. */
const TEXT_LENGTH_MAX = 256 * 1024;

export type ReadLeaf =
  | { readonly name: string; readonly leaf: Leaf; readonly fault?: undefined }
  | { readonly fault: "leaf-text" | "leaf-unknown" };

/** The leaf in a record's bytes: a document of a type that is known, in the one spelling that RFC 8785 gives it. */
export function readLeaf(text: string, known: ReadonlyMap<unknown, KnownLeaves>): ReadLeaf {
  if (text.length > TEXT_LENGTH_MAX) return { fault: "leaf-text" };
  try {
    const content: unknown = JSON.parse(text);
    // One spelling: so no member is named twice, and two readers read the same.
    if (leafText(content) !== text) return { fault: "leaf-text" };
    const found = known.get(typeOf(content));
    if (found === undefined) return { fault: "leaf-unknown" };
    return { name: found.name, leaf: found.audit.read(content as object) };
  } catch (error) {
    if (!(error instanceof SyntaxError || error instanceof CryptoError || error instanceof PavilionError))
      throw error;
    return { fault: "leaf-text" };
  }
}

/** The hash under which a record's bytes stand in the log. */
export const hashOfText = (text: string): string => leafHash(Buffer.from(text, "utf8"));

/** The tree of a checkpoint; undefined unless the log's key, and nobody else, signed it. */
export function treeOf(checkpoint: string, { origin, logKey }: TrustedRegion): Tree | undefined {
  const publicKey = rawKey(logKey);
  if (!isSignedAlone(checkpoint)) return undefined;
  try {
    return verifyCheckpoint(checkpoint, { origin, publicKey });
  } catch (error) {
    if (error instanceof CryptoError) return undefined;
    throw error;
  }
}
