/** The request that an event is about, in pipelines whose events carry it whole in a member `request`. */
import type { EventName, EventTypes, RequestRef } from "../schemas/avro/index.ts";

export const requestIn = (value: EventTypes[EventName]): RequestRef | undefined =>
  "request" in value ? (value.request ?? undefined) : undefined;
