/** Bytes as Ethereum's JSON writes them: 0x and lower-case hexadecimal digits, two a byte. One text for one value. */
import { CryptoError } from "../errors.ts";

/** Throws CryptoError of that code where the text is no such bytes, or not `length` of them. */
export function bytesOf(text: string, code: string, length?: number): Uint8Array {
  if (!/^0x(?:[0-9a-f]{2})*$/.test(text))
    throw new CryptoError(code, "A text is not 0x and lower-case hexadecimal bytes.");
  const bytes = Uint8Array.from(Buffer.from(text.slice(2), "hex"));
  if (length !== undefined && bytes.length !== length) {
    throw new CryptoError(code, `A value does not have ${String(length)} bytes.`);
  }
  return bytes;
}

export const hexOf = (bytes: Uint8Array): string => `0x${Buffer.from(bytes).toString("hex")}`;
