/**
 * A new request of a broker: the question, with a fresh id and nonce and the time of asking.
 */
import { randomBytes, randomUUID } from "node:crypto";
import { validateDocument } from "../../documents/validate.ts";
import type { Request } from "../../schemas/json/request.ts";

export { signRequest } from "../../documents/request.ts";

/** What the asker chooses. */
export type Asked = Omit<Request, "type" | "id" | "nonce" | "issuedAt" | "seedCommitment">;

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
