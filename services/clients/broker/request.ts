/**
 * A new request of a broker: the question, with a fresh id and nonce and the time of asking.
 */
import { randomBytes, randomUUID } from "node:crypto";
import { validateDocument, validateOwn } from "../../../schemas/reading/validate.ts";
import { PavilionError } from "../../../errors/errors.ts";
import type { Request } from "../../../schemas/json/request.ts";

export { signRequest } from "../../../domain/terms/request.ts";

/** What the asker chooses. */
export type Asked = Omit<Request, "type" | "id" | "nonce" | "issuedAt" | "seedCommitment">;

/**
 * What a person wrote, in a file of that name. Throws DOCUMENT_INVALID that lists every fault, before anybody is asked.
 */
export function requireAsked(asked: unknown, file: string): Asked {
  const remedy =
    "Correct these members; examples/request.json is a whole question, docs/reference/documents.md explains each.";
  if (typeof asked !== "object" || asked === null || Array.isArray(asked)) {
    throw new PavilionError("DOCUMENT_INVALID", `${file} holds no question.`, remedy);
  }
  const made = {
    type: "pavilion/request",
    id: randomUUID(),
    nonce: "0".repeat(32),
    seedCommitment: "0".repeat(64),
  };
  validateOwn("request", { ...made, issuedAt: new Date(0).toISOString(), ...asked }, file, remedy);
  return asked as Asked;
}

/** `seedCommitment` is the newest open seed's. Throws DOCUMENT_INVALID that names the members at fault. */
export function newRequest(asked: Asked, seedCommitment: string, now: Date = new Date()): Request {
  return validateDocument("request", {
    type: "pavilion/request",
    id: randomUUID(),
    nonce: randomBytes(16).toString("hex"),
    ...asked,
    issuedAt: now.toISOString(),
    seedCommitment,
  });
}
