/** The second stage: one reply to each request, on its broker's own topic. */
import { output, publish, type Outcome, type Stage } from "../../runtime/contract/stage.ts";
import type { RequestRef } from "../../schemas/avro/index.ts";
import "./topics.ts";

export interface ReplyingPorts {
  readonly isAdmitted: (broker: string) => boolean;
}

export const replying: Stage<"PermitGranted" | "PermitRefused", ReplyingPorts> = {
  name: "permit-replying",
  inputs: [
    { topic: "permit.granted", types: ["PermitGranted"] },
    { topic: "permit.refused", types: ["PermitRefused"], besideAnswer: true },
  ],
  outputs: ["permit.replies.<broker>"],
  handle({ type, value }, state, ports) {
    const { request } = value;
    if (state.get("replied", request.digest) !== undefined) return publish({});
    return reply(request, type === "PermitRefused" ? value.code : null, ports);
  },
};

function reply(request: RequestRef, code: string | null, { isAdmitted }: ReplyingPorts): Outcome {
  const { requestId, digest: requestDigest, broker: owner } = request;
  const value = { requestId, requestDigest, granted: code === null, code };
  return publish({
    outputs: isAdmitted(owner)
      ? [output("permit.replies.<broker>", "PermitReply", value, { key: requestId, owner })]
      : [],
    changes: [{ table: "replied", key: requestDigest, value: true }],
  });
}
