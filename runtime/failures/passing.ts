/**
 * Which failures pass by themselves, in one table: the input that met one waits and is tried again. Every other failure
 * is the input's own or a defect; it is tried a few times, since a defect may be one of timing, and then given up.
 *
 * CHAIN_UNAVAILABLE is not among them: anchoring answers for the chain by itself and goes on taking leaves meanwhile. A
 * CHAIN_* that leaves its handler ends one tick, and the next one tries again.
 */
import { PavilionError, type ErrorCode } from "../../errors/errors.ts";

/** What a process asks of the outside besides Kafka; each has one breaker. */
export const ports = ["hsm", "prover", "registry", "chain"] as const;
export type Port = (typeof ports)[number];

interface Passing {
  readonly port: Port;
  /** How often an input may meet it before it counts as the input's own; a port that is away is waited for. */
  readonly attemptsMax: number;
}

const passing: Partial<Record<ErrorCode, Passing>> = {
  HSM_UNAVAILABLE: { port: "hsm", attemptsMax: Infinity },
  // The port was asked again and answered: what fails is this operation. It may still be the token's mood.
  HSM_OPERATION_FAILED: { port: "hsm", attemptsMax: 8 },
  PROVER_UNAVAILABLE: { port: "prover", attemptsMax: Infinity },
  // A thread that ends may have ended over the very witness that it was given.
  PROOF_INTERRUPTED: { port: "prover", attemptsMax: 20 },
  REGISTRY_UNAVAILABLE: { port: "registry", attemptsMax: Infinity },
};

const attemptsMaxOfOthers = 3;

/** A port that is not even asked at present, since it did not answer several times in a row. */
export class PortHeld extends PavilionError {
  readonly port: Port;

  constructor(port: Port, code: ErrorCode) {
    super(code, `The ${port} failed to answer several times in a row, so it is left alone for a moment.`);
    this.port = port;
  }
}

/** The port that is waited for, where the failure passes by itself. */
export function portAwayBy(error: unknown): Port | undefined {
  if (!(error instanceof PavilionError)) return undefined;
  return error instanceof PortHeld ? error.port : passing[error.code]?.port;
}

/** How often an input is tried that meets this failure. */
export function attemptsMaxFor(error: unknown): number {
  const known = error instanceof PavilionError ? passing[error.code] : undefined;
  return known?.attemptsMax ?? attemptsMaxOfOthers;
}

/** What may be told of a failure's cause: the error's class and code, as names; never its message. */
export function causeOf(error: unknown): string {
  if (!(error instanceof Error)) return "unknown";
  const { name } = error;
  const code = "code" in error ? error.code : "type" in error ? error.type : undefined;
  return [name, code].filter((part) => typeof part === "string" && isName(part)).join(" ") || "unknown";
}

const isName = (text: string): boolean => /^[A-Za-z][A-Za-z0-9_]{0,63}$/.test(text);
