/**
 * The keys that the counting pipeline seals its topics and state with; its workers and whoever counts hold the same.
 */
import { sealerWith } from "../../runtime/sealer.ts";

export const countingKeys = sealerWith({ generation: 1, bytes: Buffer.alloc(32, 7) }, Buffer.alloc(32, 8));
