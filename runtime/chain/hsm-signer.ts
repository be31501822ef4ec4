/**
 * The region's account on the chain: an ethers signer whose key is in the HSM. The HSM signs a digest and says no more
 * than r and s; which of the two possible keys the signature points to (yParity) is found by recovering both.
 *
 * Promises: only EIP-1559 transactions are signed, since with other digests the same key could be made to sign anything.
 */
import { AbstractSigner, computeAddress, hexlify, recoverAddress, Signature, Transaction } from "ethers";
import type { Provider, TransactionRequest } from "ethers";
import { PavilionError } from "../../errors/errors.ts";
import type { KeyDeclaration } from "../hsm/keys.ts";

/** The region's key on the chain, which every host of a region may anchor with. */
export const anchorKey = { label: "anchor", purpose: "secp256k1" } as const satisfies KeyDeclaration;

export interface ChainKey {
  /** secp256k1, 65 bytes uncompressed. */
  readonly publicKey: Uint8Array;
  /** ECDSA over a digest of 32 bytes: r and s, 64 bytes, s in the lower half. */
  readonly sign: (digest: Uint8Array) => Promise<Uint8Array>;
}

const EIP_1559 = 2;

export class HsmSigner extends AbstractSigner {
  /** With its EIP-55 checksum. */
  readonly address: string;
  readonly #key: ChainKey;

  constructor(key: ChainKey, provider: Provider | null = null) {
    super(provider);
    this.#key = key;
    this.address = computeAddress(hexlify(key.publicKey));
  }

  override connect(provider: Provider | null): HsmSigner {
    return new HsmSigner(this.#key, provider);
  }

  override getAddress(): Promise<string> {
    return Promise.resolve(this.address);
  }

  /** The signed transaction, ready to be sent. Rejects with HSM_OPERATION_FAILED, or as the HSM does. */
  override async signTransaction(request: TransactionRequest): Promise<string> {
    const { from, to, type, nonce, gasLimit, maxFeePerGas, maxPriorityFeePerGas, data, value, chainId } =
      request;
    if (type !== EIP_1559 || (from ?? this.address) !== this.address || typeof to !== "string") {
      throw new TypeError(
        "The anchor key signs its own EIP-1559 transactions to an address, and nothing else.",
      );
    }
    const transaction = Transaction.from({
      type,
      to,
      nonce: nonce ?? null,
      gasLimit: gasLimit ?? null,
      maxFeePerGas: maxFeePerGas ?? null,
      maxPriorityFeePerGas: maxPriorityFeePerGas ?? null,
      data: data ?? null,
      value: value ?? null,
      chainId: chainId ?? null,
    });
    transaction.signature = await this.#signatureOf(transaction.unsignedHash);
    return transaction.serialized;
  }

  override signMessage(): Promise<string> {
    return Promise.reject(new TypeError("The anchor key signs no messages."));
  }

  override signTypedData(): Promise<string> {
    return Promise.reject(new TypeError("The anchor key signs no typed data."));
  }

  async #signatureOf(digest: string): Promise<Signature> {
    const bytes = hexlify(await this.#key.sign(Uint8Array.from(Buffer.from(digest.slice(2), "hex"))));
    const [r, s] = [bytes.slice(0, 66), `0x${bytes.slice(66)}`];
    for (const yParity of [0, 1] as const) {
      if (this.#recovers(digest, { r, s, yParity })) return Signature.from({ r, s, yParity });
    }
    throw new PavilionError("HSM_OPERATION_FAILED", "The HSM's signature was not made with the anchor key.");
  }

  #recovers(digest: string, signature: { r: string; s: string; yParity: 0 | 1 }): boolean {
    try {
      return recoverAddress(digest, signature) === this.address;
    } catch {
      return false; // r is no point's x coordinate for this parity
    }
  }
}
