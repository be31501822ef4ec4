/**
 * The pipelines of this connector. A new one joins by its entry here, and by another in verifier/kinds.ts where it brings
 * evidence of a kind of its own.
 */
import { stagesOf, topicsOf, type Pipeline } from "../runtime/contract/pipeline.ts";
import { log } from "./log/pipeline.ts";
import { privateComputation } from "./private-computation/pipeline.ts";

export const pipelines: readonly Pipeline[] = [privateComputation, log];

/** Every stage of them. */
export const stages = stagesOf(pipelines);

/** Every topic of them. */
export const topics = topicsOf(pipelines);
