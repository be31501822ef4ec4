/**
 * The outside parts behind their breakers: what stages and connector call is the guarded part, so that one that is away
 * is neither flooded nor waited for by everybody at once.
 */
import type { AnchorChain } from "../../runtime/chain/anchor-chain.ts";
import { PavilionError, type ErrorCode } from "../../errors/errors.ts";
import { Breaker } from "../../runtime/failures/breaker.ts";
import type { Port } from "../../runtime/failures/passing.ts";
import type { Hsm } from "../../runtime/hsm/hsm.ts";
import { sealingKey } from "../../runtime/hsm/sealing-keys.ts";
import type { Prover } from "../../runtime/prover/prover.ts";
import type { Metrics } from "../../runtime/telemetry/metrics.ts";

const isCoded = (error: unknown, code: ErrorCode): boolean =>
  error instanceof PavilionError && error.code === code;

const stateTo =
  (metrics: Metrics, port: Port): ConstructorParameters<typeof Breaker>[2] =>
  (state) => {
    metrics.breaker(port, state);
  };

/** No message of the stages' is like it; what comes of it is thrown away. */
const probe = Buffer.from("pavilion/probe/v1");

/** An operation that fails counts against the HSM only where the HSM then fails at another one, too. */
export function guardHsm(hsm: Hsm, metrics: Metrics): Hsm {
  const { operate } = hsm.key(sealingKey);
  const saysAway = async (error: unknown): Promise<boolean> =>
    isCoded(error, "HSM_OPERATION_FAILED") &&
    operate(probe).then(
      () => false,
      () => true,
    );
  const breaker = new Breaker("hsm", { away: "HSM_UNAVAILABLE", saysAway }, stateTo(metrics, "hsm"));
  return {
    key(declared) {
      const key = hsm.key(declared);
      return { publicKey: key.publicKey, operate: breaker.guard(key.operate) };
    },
    createSeed: breaker.guard(hsm.createSeed),
    seed: breaker.guard(hsm.seed),
    destroySeed: breaker.guard(hsm.destroySeed),
    close: hsm.close,
  };
}

export function guardProver<T>(prover: Prover<T>, metrics: Metrics): Prover<T> {
  const rules = { away: "PROVER_UNAVAILABLE", saysAway: () => false } as const;
  const breaker = new Breaker("prover", rules, stateTo(metrics, "prover"));
  return {
    ...prover,
    prove: breaker.guard(prover.prove),
    represent: breaker.guard(prover.represent),
  };
}

/** Anchoring takes a chain that is held for one that is away, and goes on without it. */
export function guardChain(chain: AnchorChain, metrics: Metrics): AnchorChain {
  const rules = { away: "CHAIN_UNAVAILABLE", saysAway: () => false } as const;
  const breaker = new Breaker("chain", rules, stateTo(metrics, "chain"));
  return {
    ...chain,
    anchor: breaker.guard(chain.anchor),
    standing: breaker.guard(chain.standing),
    prove: breaker.guard(chain.prove),
  };
}
