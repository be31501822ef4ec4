/** The evidence of private computation: an answer's bundle, and the seeds, matches and spends of a region's log. */
import { bundlesOf, type Kind } from "../../kind.ts";
import { readArtifacts, type Artifacts } from "./artifacts.ts";
import { AnswersAudit } from "./audit.ts";
import { BUNDLE_TYPE, readBundle } from "./bundle.ts";
import { shows } from "./checks.ts";
import { faults } from "./faults.ts";
import { leaves } from "./logged-leaf.ts";
import { checkAnswer } from "./verify.ts";

/** The kind, verified with what `read` brings. */
export const privateComputationWith = (read: () => Promise<Artifacts>): Kind => ({
  name: "private-computation",
  leaves,
  faults,
  open: ({ populations }, region) => new AnswersAudit(populations, region),
  bundles: bundlesOf(BUNDLE_TYPE, shows, readBundle, async (checks, bundle, by) => {
    checkAnswer(checks, bundle, by, await read());
  }),
});

export const privateComputation: Kind = privateComputationWith(readArtifacts);
