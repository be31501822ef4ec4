/**
 * Structured logs with a fixed message and keys. A log line holds ids, codes and places: never a value, an identifier,
 * a token, a count of matched people or key material. Errors are reduced to their name, code and message.
 */
import { pino, type Logger } from "pino";

export type Log = Logger;

/** A service's log is its standard output; a command's, whose output is its answer, goes to standard error. */
export function openLog(
  bindings: Record<string, string>,
  level = "info",
  stream: "stdout" | "stderr" = "stdout",
): Log {
  const options = {
    level,
    base: bindings,
    timestamp: pino.stdTimeFunctions.isoTime,
    serializers: { error: describeError },
  };
  return pino(options, pino.destination(stream === "stdout" ? 1 : 2));
}

/** What may be told of an error: causes are left out, since a library's cause may quote its input. */
export function describeError(error: unknown): { name: string; code?: string; message: string } {
  if (!(error instanceof Error)) return { name: "unknown", message: "not an Error" };
  const code = "code" in error && typeof error.code === "string" ? error.code : undefined;
  return { name: error.name, message: error.message, ...(code === undefined ? {} : { code }) };
}
