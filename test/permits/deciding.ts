/** The first stage: a permit is granted where the table has it, and goes into the log before anybody is told. */
import { digestOf } from "../../crypto/jws/canonical.ts";
import { leafText, originOf } from "../../domain/log/leaves.ts";
import { output, publish, refuse, reject, type Stage } from "../../runtime/contract/stage.ts";
import type { RequestRef } from "../../schemas/avro/index.ts";
import type { PermitRequest } from "./events.ts";
import "./errors.ts";
import "./topics.ts";

export const LEAF_TYPE = "permit/leaf";

export interface PermitTable {
  allows(holder: string, purpose: string): boolean;
}

export interface DecidingPorts {
  readonly region: string;
  readonly permits: PermitTable;
  /** So that a leaf tells nobody who holds what: a salt that a replay gives again. */
  readonly saltOf: (digest: string) => Promise<string>;
}

export const deciding: Stage<"PermitRequest", DecidingPorts> = {
  name: "permit-deciding",
  inputs: [{ topic: "permit.requests.<broker>", types: ["PermitRequest"] }],
  outputs: ["permit.granted", "proofs.pending"],
  async handle({ value, owner, key, time }, state, { region, permits, saltOf }) {
    if (owner === undefined) return reject("INTERNAL_ERROR", "It lies on no broker's topic.");
    const request = requestOf(value, owner, time);
    if (key !== value.requestId)
      return refuse({ request, code: "REQUEST_ID_MISMATCH", detail: "The key is another id." });
    if (state.get("decided", request.digest) !== undefined) return publish({});
    const { holder, purpose } = value;
    if (!permits.allows(holder, purpose)) {
      return refuse({ request, code: "PERMIT_UNKNOWN", detail: "There is no such permit." });
    }
    const salt = await saltOf(request.digest);
    const leaf = {
      type: LEAF_TYPE,
      region,
      request: request.digest,
      permit: digestOf([salt, holder, purpose]),
      salt,
    };
    return publish({
      outputs: [
        output(
          "proofs.pending",
          "LogLeaf",
          { kind: "permit", request, text: leafText(leaf), completes: true },
          { key: originOf(region) },
        ),
        output("permit.granted", "PermitGranted", { request, holder }, { key: request.requestId }),
      ],
      changes: [{ table: "decided", key: request.digest, value: true }],
      audit: [{ tenant: request.tenant, action: "permit.granted", request }],
    });
  },
};

/** What a reply names the request by. */
export const permitDigest = (broker: string, asked: PermitRequest): string =>
  digestOf(["permit/request", broker, asked]);

const requestOf = (asked: PermitRequest, broker: string, time: number): RequestRef => ({
  requestId: asked.requestId,
  digest: permitDigest(broker, asked),
  ...{ tenant: broker, broker, collaboration: "", deadline: time },
});
