/** Whatever goes wrong with a call, as problem details (RFC 9457). */
import { PavilionError, type ErrorCode } from "../../errors/errors.ts";
import type { RouteDeclaration } from "../../runtime/contract/route.ts";
import { problemOf, type Problem } from "../../errors/problem.ts";

export const problemType = "application/problem+json";

/** What the framework or Node calls what happened, and what a caller is told of it. */
const known = new Map<string, readonly [ErrorCode, detail: string]>([
  ["FST_ERR_CTP_BODY_TOO_LARGE", ["CALL_TOO_LARGE", "The body is larger than is read here."]],
  ["FST_ERR_CTP_INVALID_MEDIA_TYPE", ["MEDIA_TYPE_UNKNOWN", "The body is not said to be JSON."]],
  [
    "FST_ERR_CTP_INVALID_CONTENT_LENGTH",
    ["CALL_UNREADABLE", "The body is not as long as it was said to be."],
  ],
  ["FST_ERR_BAD_URL", ["ROUTE_UNKNOWN", "Nothing answers at this address."]],
  ["FST_ERR_MAX_PARAM_LENGTH", ["ROUTE_UNKNOWN", "Nothing answers at this address."]],
  ["HPE_HEADER_OVERFLOW", ["HEADERS_TOO_LARGE", "The headers are longer than are read."]],
  ["ERR_HTTP_REQUEST_TIMEOUT", ["CALL_TOO_SLOW", "The call did not arrive whole in time."]],
  ["ECONNRESET", ["CALL_UNREADABLE", "The call broke off."]],
]);

const codeOf = (error: unknown): string =>
  error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";

/** An expected failure, or undefined for what nobody expected: a defect, whose words are nobody's to read. */
function expected(error: unknown): PavilionError | undefined {
  if (error instanceof PavilionError) return error;
  const told = known.get(codeOf(error));
  return told === undefined ? undefined : new PavilionError(...told);
}

/** Of these a caller is told no more than that they are; the log has the rest. Any route may answer them. */
const failures: ReadonlySet<ErrorCode> = new Set(["INTERNAL_ERROR", "REGION_UNAVAILABLE"]);

export const isFailure = ({ code }: Problem): boolean => failures.has(code);

/** Throws where a caller would be told a code that the route does not declare. */
export function requireDeclared(error: unknown, { name, codes }: RouteDeclaration): void {
  const problem = problemOf(error);
  if (!isFailure(problem) && !codes.includes(problem.code))
    throw new Error(`route ${name} threw ${problem.code}, which it does not declare`);
}

/** What is answered; `id` is the call's. */
export function problemBody(error: unknown, id: string): Problem & { readonly instance: string } {
  return { ...problemOf(expected(error) ?? error), instance: `urn:uuid:${id}` };
}

/** A whole answer as bytes on the wire, for what never became a call. */
export function rawProblem(error: unknown, id: string): string {
  const { status, ...rest } = problemBody(
    expected(error) ?? new PavilionError("CALL_UNREADABLE", "What was sent is not HTTP/1.1."),
    id,
  );
  const body = JSON.stringify({ status, ...rest });
  const lines = [
    `HTTP/1.1 ${String(status)} ${rest.title}`,
    `Content-Type: ${problemType}`,
    `Content-Length: ${String(Buffer.byteLength(body))}`,
    "Cache-Control: no-store",
    "Connection: close",
  ];
  return `${lines.join("\r\n")}\r\n\r\n${body}`;
}
