/** The verifier's kind of evidence for permits: each request is granted once. */
import { PavilionError } from "../../errors/errors.ts";
import type { Kind, Leaf } from "../../verifier/kind.ts";
import { LEAF_TYPE } from "./deciding.ts";

interface PermitLeaf {
  readonly region: string;
  readonly request: string;
}

export const permitKind: Kind = {
  name: "permits",
  leaves: new Map([[LEAF_TYPE, "permit"]]),
  faults: { "permit-doubled": "No request is granted twice." },
  open: () => {
    const granted = new Set<string>();
    return {
      know: () => undefined,
      read(document): Leaf {
        const { region, request } = document as Partial<PermitLeaf>;
        if (typeof region !== "string" || typeof request !== "string") {
          throw new PavilionError("DOCUMENT_INVALID", "It is no leaf of a permit.");
        }
        return {
          region,
          request,
          take(_hash, fail) {
            if (granted.has(request)) fail("permit-doubled", "grants a request again");
            granted.add(request);
          },
        };
      },
      get found() {
        return {
          lines: [`${String(granted.size)} permits`],
          members: new Map([["permits", granted.size]]),
        };
      },
    };
  },
};
