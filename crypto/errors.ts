/**
 * The one error that code under `crypto/` throws on bad input. `code` is stable and stands in docs/errors.md;
 * the message never contains key material, identifiers, tokens or values.
 */
export class CryptoError extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.name = "CryptoError";
    this.code = code;
  }
}
