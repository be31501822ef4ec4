/** The log of an operator that tells whatever it likes, and signs it. */
import { signCheckpoint, type NoteSigner } from "../crypto/checkpoint/checkpoint.ts";
import { append, inclusionProof, leafHash, rootOf, type Hash } from "../crypto/merkle/merkle.ts";
import type { AnchoredLeaf } from "../schemas/avro/index.ts";

export interface LogTeller {
  readonly signer: NoteSigner;
  readonly chain: Pick<AnchoredLeaf, "chainId" | "contract" | "anchorer">;
}

/** These texts, in one batch, told as of these kinds. */
export async function toldLog(
  { signer, chain }: LogTeller,
  texts: readonly string[],
  kinds: readonly string[],
): Promise<AnchoredLeaf[]> {
  const kept = new Map<string, Hash>();
  const nodes = { get: (level: number, index: number) => kept.get(`${String(level)}/${String(index)}`) };
  for (const [place, text] of texts.entries()) {
    for (const { level, index, hash } of append(place, leafHash(Buffer.from(text, "utf8")), nodes))
      kept.set(`${String(level)}/${String(index)}`, hash);
  }
  const [size, log] = [texts.length, signer.name];
  const root = rootOf(size, nodes);
  const checkpoint = await signCheckpoint({ origin: log, size, root }, signer);
  return texts.map((text, index) => ({
    ...{ log, index, text, size, root, checkpoint, ...chain },
    kind: kinds[index] ?? "seed",
    requestDigest: (JSON.parse(text) as { request?: string }).request ?? null,
    proof: inclusionProof(index, size, nodes),
    ...{ transaction: `0x${"1".repeat(64)}`, block: 1 },
  }));
}
