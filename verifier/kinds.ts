/** The kinds of evidence that this verifier knows. One that comes to be adds its folder and a line here. */
import type { Kind } from "./kind.ts";
import { privateComputation } from "./kinds/private-computation/kind.ts";

export const kinds: readonly Kind[] = [privateComputation];
