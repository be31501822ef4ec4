/**
 * Requests of private computation: events that are about one carry a RequestRef, and whoever asked is told through the
 * result stage.
 */
import type { Asking } from "../../runtime/contract/asking.ts";
import type { Refusal, RequestRef } from "../../schemas/avro/index.ts";
import { requestIn } from "../request-in.ts";

/** The broker that a CloudEvents source names. */
const brokerIn = (source: string): string | undefined =>
  /^\/broker\/([a-z][a-z0-9-]{1,62})$/.exec(source)?.[1];

export const asking: Asking = {
  requestOf: requestIn,
  replies: {
    topic: "result.refusals",
    type: "Refusal",
    // A stage of this pipeline refuses what its own events are about.
    refusal: ({ request, ...told }): Refusal => ({ request: request as RequestRef, ...told }),
    // What the record claims stands nowhere in the answer, but for an id in its key; who it says it is from is told it.
    unsigned: ({ requestId, digest, source, time }): RequestRef => ({
      ...{ requestId, digest, tenant: "unknown", broker: brokerIn(source) ?? "unknown" },
      ...{ collaboration: "", deadline: time },
    }),
  },
};
