/**
 * DHKEM(P-256, HKDF-SHA256) of RFC 9180 section 4.1 for a recipient whose private key cannot leave its HSM: Decap with the
 * Diffie-Hellman step handed in.
 *
 * Everything else of the KEM (key generation, Encap, serialization) is @hpke/core's, whose interface for KEMs this fits.
 * Promises that the HSM is only ever asked about points that lie on the curve.
 */
import { hkdfSync } from "node:crypto";
import { DhkemP256HkdfSha256, type RecipientContextParams } from "@hpke/core";
import { CryptoError } from "../errors.ts";
import { requirePoint } from "./point.ts";

const SHARED_X_LENGTH = 32;
const SECRET_LENGTH = 32;

/** `"HPKE-v1" || suite_id`, suite_id being `"KEM" || I2OSP(0x0010, 2)`: what every label of this KEM starts with. */
const LABEL_PREFIX = Buffer.concat([Buffer.from("HPKE-v1KEM"), Uint8Array.of(0x00, 0x10)]);
const EAE_PRK = Buffer.concat([LABEL_PREFIX, Buffer.from("eae_prk")]);
const SHARED_SECRET = Buffer.concat([
  Uint8Array.of(0, SECRET_LENGTH),
  LABEL_PREFIX,
  Buffer.from("shared_secret"),
]);

/** A key pair whose private half is only reachable by asking. */
export interface RecipientKey {
  /** 65 bytes: 0x04, x, y. Public. */
  readonly publicKey: Uint8Array;
  /** The x coordinate, 32 bytes, of the private key times the given point (65 bytes, on the curve). Secret. */
  readonly deriveSharedSecret: (peerPublicKey: Uint8Array) => Promise<Uint8Array>;
}

/** ExtractAndExpand(dh, kem_context) with the labels of section 4.1; 32 bytes. */
export function extractAndExpand(dh: Uint8Array, enc: Uint8Array, publicKey: Uint8Array): ArrayBuffer {
  return hkdfSync(
    "sha256",
    Buffer.concat([EAE_PRK, dh]),
    new Uint8Array(0),
    Buffer.concat([SHARED_SECRET, enc, publicKey]),
    SECRET_LENGTH,
  );
}

/**
 * Decap. Throws HPKE_INVALID_ENC for an encapsulated key that is not a point, before the private key is used, and
 * HPKE_KEY_UNUSABLE when the private key's holder answers with anything but 32 bytes.
 */
export async function decapsulate(recipient: RecipientKey, enc: Uint8Array): Promise<ArrayBuffer> {
  requirePoint(enc, "HPKE_INVALID_ENC");
  const dh = await recipient.deriveSharedSecret(enc);
  if (dh.length !== SHARED_X_LENGTH) {
    throw new CryptoError("HPKE_KEY_UNUSABLE", "the shared secret is not one coordinate of 32 bytes");
  }
  return extractAndExpand(dh, enc, recipient.publicKey);
}

/** @hpke/core's KEM with Decap bound to one recipient: the `recipientKey` that the library passes is not looked at. */
export class BoundDhkem extends DhkemP256HkdfSha256 {
  readonly recipient: RecipientKey;

  constructor(recipient: RecipientKey) {
    super();
    this.recipient = recipient;
  }

  override decap(params: RecipientContextParams): Promise<ArrayBuffer> {
    const { enc } = params;
    const bytes = ArrayBuffer.isView(enc)
      ? new Uint8Array(enc.buffer, enc.byteOffset, enc.byteLength)
      : new Uint8Array(enc);
    return decapsulate(this.recipient, bytes);
  }
}
