/** The leaves that a log may hold of private computation, each of its newest format or, of a log that is older, an earlier one. */
import { validateDocument } from "../../../schemas/reading/validate.ts";
import type { EarlierMatchLeaf } from "../../../schemas/json/earlier-match-leaf.ts";
import type { EarlierSpendLeaf } from "../../../schemas/json/earlier-spend-leaf.ts";
import type { MatchLeaf } from "../../../schemas/json/match-leaf.ts";
import type { RestoreLeaf } from "../../../schemas/json/restore-leaf.ts";
import type { SeedLeaf } from "../../../schemas/json/seed-leaf.ts";
import type { SpendLeaf } from "../../../schemas/json/spend-leaf.ts";
import type { WithheldLeaf } from "../../../schemas/json/withheld-leaf.ts";
import { typeOf } from "../../kind.ts";

export type LoggedLeaf =
  SeedLeaf | MatchLeaf | SpendLeaf | RestoreLeaf | WithheldLeaf | EarlierMatchLeaf | EarlierSpendLeaf;

/** How the topic calls each, by the type of its document. */
export const leaves: ReadonlyMap<LoggedLeaf["type"], string> = new Map([
  ["pavilion/seed-leaf", "seed"],
  ["pavilion/match-leaf", "match"],
  ["pavilion/spend-leaf", "spend"],
  ["pavilion/restore-leaf", "restore"],
  ["pavilion/withheld-leaf", "withheld"],
]);

/** The leaf in a document of one of these types. Throws DOCUMENT_INVALID where it is none. */
export function loggedLeaf(document: object): LoggedLeaf {
  // Leaves from before populations were documents name a region, and no home.
  const hasHome = "home" in document;
  switch (typeOf(document)) {
    case "pavilion/match-leaf":
      return hasHome
        ? validateDocument("match-leaf", document)
        : validateDocument("earlier-match-leaf", document);
    case "pavilion/spend-leaf":
      return hasHome
        ? validateDocument("spend-leaf", document)
        : validateDocument("earlier-spend-leaf", document);
    case "pavilion/restore-leaf":
      return validateDocument("restore-leaf", document);
    case "pavilion/withheld-leaf":
      return validateDocument("withheld-leaf", document);
    default:
      return validateDocument("seed-leaf", document);
  }
}
