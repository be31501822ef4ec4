/** The one code that permits bring. */
import type { Area } from "../../errors/area.ts";
import { bring } from "../../errors/catalogue.ts";

const permitErrors = {
  title: "Permits",
  about: "Told in the reply to a request for a permit.",
  codes: {
    PERMIT_UNKNOWN: {
      status: 404,
      audience: ["asker"],
      when: "Nobody entered the holder for the purpose.",
      remedy: "Check the holder's name and the purpose, or have the operator enter them.",
    },
  },
} as const satisfies Area;

declare module "../../errors/catalogue.ts" {
  interface Areas {
    readonly permits: typeof permitErrors;
  }
}

bring(permitErrors);
