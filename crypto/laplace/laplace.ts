/**
 * Discrete Laplace noise: the exact sampler, the bits it draws from, and the error bound of a released value. README.md
 * has the statement, its proof and the limits.
 */
export { bitSourceOver } from "./bits.ts";
export { errorBound } from "./bound.ts";
export { sampleDiscreteLaplace } from "./sampler.ts";
