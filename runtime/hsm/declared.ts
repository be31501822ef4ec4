/**
 * What a pipeline sees of the region's HSM: the keys that it declares, and seeds where it declares those. Whatever else it asks for
 * is refused, and it closes nothing.
 */
import { PavilionError } from "../../errors/errors.ts";
import { undeclaredKey, type Hsm } from "./hsm.ts";
import type { KeyDeclaration } from "./keys.ts";

export interface HsmUse {
  /** None where absent. */
  readonly keys?: readonly KeyDeclaration[];
  /** True where it draws noise from seeds, or makes and destroys them. */
  readonly seeds?: true;
}

export function onlyDeclared(hsm: Omit<Hsm, "close">, { keys = [], seeds }: HsmUse): Omit<Hsm, "close"> {
  const key: Hsm["key"] = (asked) => {
    const isOwn = keys.some(({ label, purpose }) => label === asked.label && purpose === asked.purpose);
    if (!isOwn) throw undeclaredKey(asked);
    return hsm.key(asked);
  };
  if (seeds === true) {
    const { createSeed, seed, destroySeed } = hsm;
    return { key, createSeed, seed, destroySeed };
  }
  const refused = (): Promise<never> =>
    Promise.reject(new PavilionError("HSM_KEY_MISSING", "No seeds were declared here."));
  return { key, createSeed: refused, seed: refused, destroySeed: refused };
}
