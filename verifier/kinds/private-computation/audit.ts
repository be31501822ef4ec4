/** What an audit of a log makes of the leaves of private computation. */
import { validateDocument } from "../../../schemas/reading/validate.ts";
import { PavilionError } from "../../../errors/errors.ts";
import type { Population } from "../../../schemas/json/population.ts";
import type { Trust, TrustedRegion } from "../../../schemas/json/trust.ts";
import type { Found, KindAudit, Leaf } from "../../kind.ts";
import { loggedLeaf } from "./logged-leaf.ts";
import { Spends } from "./spends.ts";

export class AnswersAudit implements KindAudit {
  readonly #region: TrustedRegion;
  readonly #spends: Spends;

  constructor(populations: Trust["populations"], region: TrustedRegion) {
    this.#region = region;
    this.#spends = new Spends(populations);
  }

  know(bundle: object): void {
    const population = populationIn(bundle);
    if (population !== undefined) this.#spends.know(population, this.#region.region);
  }

  read(document: object): Leaf {
    const leaf = loggedLeaf(document);
    return {
      region: "home" in leaf ? leaf.home : leaf.region,
      request: "request" in leaf ? leaf.request : null,
      take: (hash, fail) => {
        this.#spends.take(leaf, hash, fail);
      },
    };
  }

  get found(): Found {
    const { populations, restores, uncompared } = this.#spends;
    return {
      lines: [
        ...Array.from(
          populations,
          ([population, { spends, epsilon }]) =>
            `${population} has spent epsilon ${epsilon} in ${String(spends)} spends`,
        ),
        ...(restores > 0
          ? [
              `the region was put back from a backup (${String(restores)}); what it may have forgotten counts as spent`,
            ]
          : []),
        ...(uncompared > 0
          ? [
              `${String(uncompared)} spends are under terms that no bundle carries yet, so they are not yet held to a budget`,
            ]
          : []),
      ],
      members: new Map<string, unknown>([
        // Names of populations become members here, and nothing looks one up.
        ["spent", Object.fromEntries(populations)],
        ["uncompared", uncompared],
        ["restores", restores],
      ]),
    };
  }
}

/** The population's document in a bundle, where it is one: bundles of the earlier format carry none. */
function populationIn(bundle: object): Population | undefined {
  if (!("population" in bundle) || typeof bundle.population !== "object" || bundle.population === null)
    return undefined;
  if (!("document" in bundle.population)) return undefined;
  try {
    return validateDocument("population", bundle.population.document);
  } catch (error) {
    if (error instanceof PavilionError) return undefined;
    throw error;
  }
}
