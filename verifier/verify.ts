/**
 * Verifies an evidence bundle, offline: everything that one answer stands on, from the trust file's roots alone. What there is
 * to check, the bundle's kind says.
 *
 * Promises: whatever in a bundle is not what the trusted parties signed, logged, anchored or proved fails a named check;
 * nothing is taken from the bundle that something trusted does not hold it to. A bundle of a kind that is not known here fails.
 * Does not: say that the bundle is all there is. Only an audit of the whole log says that nothing was left out.
 */
import { bundleBounds } from "./bundle.ts";
import { Checks, contentOf, deviates, type Checklist } from "./checklist.ts";
import { typeOf, type BundleKind, type Kind } from "./kind.ts";
import { kinds as known } from "./kinds.ts";
import { shows } from "./names.ts";
import { readTrust } from "./trust.ts";

export interface Options {
  /** Hash of a block that is trusted in place of the trust file's. */
  readonly block?: string | undefined;
  /** The kinds of evidence that are known; this verifier's own unless given. */
  readonly kinds?: readonly Kind[];
}

/** Checks a bundle by a trust file, both as JSON texts. Whether all holds, `holds` says. */
export async function verify(
  bundleText: string,
  trustText: string,
  { block, kinds = known }: Options = {},
): Promise<Checklist> {
  const checks = new Checks(shows);
  const trust = checks.make("trust-schema", [], () => readTrust(trustText));
  const found = checks.attempt("bundle-schema", () => bundleIn(bundleText, kinds));
  await found?.kind.verify(checks, found.document, { trust, block });
  return checks;
}

interface FoundBundle {
  readonly kind: BundleKind;
  readonly document: unknown;
}

function bundleIn(text: string, kinds: readonly Kind[]): FoundBundle {
  const document = contentOf(text, bundleBounds);
  const type = typeOf(document);
  const kind = kinds.flatMap(({ bundles = [] }) => bundles).find((bundles) => bundles.type === type);
  return kind === undefined
    ? deviates("It is a bundle of a kind that this verifier does not know; a newer version may.")
    : { kind, document };
}
