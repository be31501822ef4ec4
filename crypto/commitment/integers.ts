/** Integers as bytes, most significant first. */

/** The integer below 256^length that the bytes spell. */
export function bigEndian(bytes: Uint8Array): bigint {
  return bytes.length === 0 ? 0n : BigInt(`0x${Buffer.from(bytes).toString("hex")}`);
}

/** `value`, which lies in 0..256^length − 1, as exactly that many bytes. */
export function toBigEndian(value: bigint, length: number): Uint8Array {
  return Buffer.from(value.toString(16).padStart(2 * length, "0"), "hex");
}
