/** The one error of an expected failure. Messages and remedies hold no secret, token, identifier, value or count. */
import { failureOf, type ErrorCode } from "./catalogue.ts";

export { errorCodeOr, failureOf, isErrorCode, type ErrorCode } from "./catalogue.ts";

/** An expected failure: a stable code, what was wrong, and what to do. */
export class PavilionError extends Error {
  readonly code: ErrorCode;
  readonly remedy: string;

  constructor(
    code: ErrorCode,
    message: string,
    remedy: string = failureOf(code).remedy,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = "PavilionError";
    this.code = code;
    this.remedy = remedy;
  }
}
