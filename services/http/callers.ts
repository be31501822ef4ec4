/**
 * Who calls: a bearer token (RFC 6750) against the digests of those that the operator admitted. The file holds no token, so that
 * whoever reads it can call nothing.
 *
 * Promises: a presented token is hashed, and compared with every entry in constant time. One that is too short to be random, that
 * has ended, or that comes beside another, is nobody's.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import { PavilionError } from "../../errors/errors.ts";
import { readConfig } from "../../runtime/config.ts";
import type { Caller } from "../../runtime/contract/route.ts";
import type { HttpTokens } from "../../schemas/json/http-tokens.ts";

/** The scheme's case does not matter (RFC 9110, 11.1), the token's does. */
const bearer = /^bearer ([A-Za-z0-9._~+/=-]{32,128})$/i;

interface Admitted {
  readonly caller: Caller;
  readonly digest: Buffer;
  /** In milliseconds since 1970. */
  readonly until: number;
}

export class Callers {
  readonly #admitted: readonly Admitted[];

  /** Throws CONFIG_INVALID where two callers have one token, or an entry's end is no date. */
  constructor({ tokens }: HttpTokens) {
    this.#admitted = tokens.map(({ name, role, sha256, until }) => ({
      caller: { name, role },
      digest: Buffer.from(sha256, "hex"),
      until: until === undefined ? Infinity : Date.parse(until),
    }));
    if (this.#admitted.some(({ until }) => Number.isNaN(until)))
      throw new PavilionError("CONFIG_INVALID", "A token for HTTP ends on a date that does not exist.");
    if (new Set(tokens.map(({ sha256 }) => sha256)).size < tokens.length)
      throw new PavilionError("CONFIG_INVALID", "Two entries for HTTP have the same token.");
  }

  /** Throws CONFIG_INVALID. */
  static read(file: string): Callers {
    return new Callers(readConfig("http-tokens", file));
  }

  /** Whose token this is. `authorization` holds every such header of the call. */
  find(authorization: readonly string[], now: number): Caller | undefined {
    const [header = "", another] = authorization;
    const token = bearer.exec(header)?.[1];
    if (token === undefined || another !== undefined) return undefined;
    const digest = createHash("sha256").update(token).digest();
    let found: Admitted | undefined;
    for (const admitted of this.#admitted) if (timingSafeEqual(admitted.digest, digest)) found = admitted;
    return found !== undefined && now < found.until ? found.caller : undefined;
  }
}
