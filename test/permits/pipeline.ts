/**
 * Permits: a pipeline of two stages that stands for those to come, with an outside topic, replies, a table, a kind of leaf, an
 * error, a route, a key in the HSM and settings of its own. It is nobody's product: it shows that a pipeline needs no line of anybody else's code.
 */
import { serve, type Pipeline } from "../../runtime/contract/pipeline.ts";
import { serveRoute } from "../../runtime/contract/route.ts";
import type { TypeOf } from "../../runtime/contract/schema.ts";
import type { RequestRef } from "../../schemas/avro/index.ts";
import { deciding, type PermitTable } from "./deciding.ts";
import { replying } from "./replying.ts";
import { permitRoute } from "./route.ts";
import { permitTopics } from "./topics.ts";
import { requestIn } from "../../pipelines/request-in.ts";
import { termsTopics } from "../../pipelines/terms.ts";

/** Purposes for which nobody is given a permit, whatever the table says. */
const section = {
  type: "object",
  additionalProperties: false,
  required: ["closed"],
  properties: { closed: { type: "array", items: { type: "string" } } },
} as const;

const saltKey = { label: "permit-salts", purpose: "hmac-sha256" } as const;

export const permits: Pipeline = {
  name: "permits",
  folder: import.meta.dirname,
  stages: [deciding, replying],
  topics: { ...permitTopics, "config.brokers": termsTopics["config.brokers"] },
  tables: ["config.permits", "config.brokers"],
  section,
  keys: [saltKey],
  asking: {
    requestOf: requestIn,
    replies: {
      topic: "permit.refused",
      type: "PermitRefused",
      refusal: ({ request, code, message }) => ({ request: request as RequestRef, code, message }),
      unsigned: ({ requestId, digest, owner = "unknown", time }): RequestRef => ({
        ...{ requestId, digest, tenant: owner, broker: owner },
        ...{ collaboration: "", deadline: time },
      }),
    },
  },
  open({ config: { region }, section: given, hsm, owners }) {
    const { closed } = given as TypeOf<typeof section>;
    const entries = new Map<string, readonly string[]>();
    const brokers = new Set<string>();
    const table: PermitTable = {
      allows: (holder, purpose) =>
        !closed.includes(purpose) && entries.get(holder)?.includes(purpose) === true,
    };
    const { operate: mac } = hsm.key(saltKey);
    const saltOf = async (digest: string): Promise<string> =>
      Buffer.from(await mac(Buffer.from(`permit/salt ${digest}`))).toString("hex");
    return Promise.resolve({
      serving: [
        serve(deciding, () => ({ region, permits: table, saltOf })),
        serve(replying, () => ({ isAdmitted: (broker) => brokers.has(broker) })),
      ],
      routes: [serveRoute(permitRoute, { permits: table })],
      apply(entry) {
        if (entry.topic === "config.permits") entries.set(entry.value.holder, entry.value.purposes);
        if (entry.topic !== "config.brokers") return;
        const { broker, admitted } = entry.value;
        if (admitted) brokers.add(broker);
        else brokers.delete(broker);
        owners("broker", [...brokers]);
      },
      close: () => Promise.resolve(),
    });
  },
};
