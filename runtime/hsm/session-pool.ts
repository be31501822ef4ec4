/**
 * A fixed number of sessions on a token that is logged in. An operation has a session to itself from first call to
 * last (PKCS#11 keeps the operation's state in it) and waits in order of arrival when all are taken.
 *
 * Promises: a session in which an operation failed is replaced, never handed on half-used; when it cannot be
 * replaced, everyone waiting and coming later is refused instead of kept waiting.
 */
import pkcs11 from "pkcs11js";
import { PavilionError } from "../../errors/errors.ts";
import { hsmFailure, refusing } from "./token.ts";
import type { Token } from "./token.ts";

/** Operations that may wait; beyond it the HSM is overrun, and waiting longer would only hide that. */
const WAITING_MAX = 16_384;

interface Waiting {
  readonly resolve: (session: pkcs11.Handle) => void;
  readonly reject: (error: PavilionError) => void;
}

export class SessionPool {
  readonly #token: Token;
  readonly #idle: pkcs11.Handle[];
  readonly #waiting: Waiting[] = [];
  #busy = 0;
  #closed = false;
  #onDrained: (() => void) | undefined;

  /** Opens all sessions, `size` of them, at least one. Throws PavilionError HSM_UNAVAILABLE. */
  constructor(token: Token, size: number) {
    if (!Number.isInteger(size) || size < 1) throw new RangeError("A session pool has at least one session.");
    this.#token = token;
    this.#idle = Array.from({ length: size }, () => this.#openSession());
  }

  /** Runs an operation in a session of its own. Rejects with HSM_OPERATION_FAILED, or HSM_UNAVAILABLE after close. */
  async run<Result>(operation: (session: pkcs11.Handle) => Promise<Result> | Result): Promise<Result> {
    const session = await this.#acquire();
    try {
      const result = await operation(session);
      this.#release(session);
      return result;
    } catch (error) {
      this.#replace(session);
      throw hsmFailure("HSM_OPERATION_FAILED", error);
    }
  }

  /** Refuses whoever waits and waits for whatever runs; the sessions end with the token. */
  async close(): Promise<void> {
    this.#refuseAll();
    if (this.#busy === 0) return;
    await new Promise<void>((resolve) => {
      this.#onDrained = resolve;
    });
  }

  #acquire(): Promise<pkcs11.Handle> {
    if (this.#closed) return Promise.reject(unavailable("The HSM is closed."));
    const session = this.#idle.pop();
    if (session !== undefined) {
      this.#busy++;
      return Promise.resolve(session);
    }
    if (this.#waiting.length >= WAITING_MAX)
      return Promise.reject(unavailable("Too many operations wait for the HSM."));
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
    });
  }

  #release(session: pkcs11.Handle): void {
    const next = this.#waiting.shift();
    if (next !== undefined) {
      next.resolve(session);
      return;
    }
    this.#busy--;
    this.#idle.push(session);
    if (this.#busy === 0) this.#onDrained?.();
  }

  #replace(session: pkcs11.Handle): void {
    try {
      this.#token.library.C_CloseSession(session);
      this.#release(this.#openSession());
    } catch {
      this.#refuseAll();
      this.#busy--;
      if (this.#busy === 0) this.#onDrained?.();
    }
  }

  #openSession(): pkcs11.Handle {
    const { library, slot } = this.#token;
    return refusing("HSM_UNAVAILABLE", () => library.C_OpenSession(slot, pkcs11.CKF_SERIAL_SESSION));
  }

  #refuseAll(): void {
    this.#closed = true;
    for (const { reject } of this.#waiting.splice(0)) reject(unavailable("The HSM is closed."));
  }
}

function unavailable(message: string): PavilionError {
  return new PavilionError("HSM_UNAVAILABLE", message);
}
