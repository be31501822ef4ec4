/**
 * The outside parts that a host's pipelines stand on, behind their breakers: each opened where a pipeline first asks for
 * it, once for all, and closed with the host.
 */
import { openAnchorChain, type AnchorChain } from "../../runtime/chain/anchor-chain.ts";
import { anchorKey } from "../../runtime/chain/hsm-signer.ts";
import type { Hsm } from "../../runtime/hsm/hsm.ts";
import { openProver, type Circuit, type Prover } from "../../runtime/prover/prover.ts";
import type { Metrics } from "../../runtime/telemetry/metrics.ts";
import type { ConnectorConfig } from "../../schemas/json/connector-config.ts";
import { guardChain, guardProver } from "./guards.ts";

export class HostParts {
  readonly #config: ConnectorConfig;
  readonly #hsm: Hsm;
  readonly #metrics: Metrics;
  #chain: AnchorChain | undefined;
  /** By the folder of their circuit. */
  readonly #provers = new Map<string, Promise<Prover<never>>>();

  constructor(config: ConnectorConfig, hsm: Hsm, metrics: Metrics) {
    this.#config = config;
    this.#hsm = hsm;
    this.#metrics = metrics;
  }

  readonly chain = (): AnchorChain => {
    const { publicKey, operate: sign } = this.#hsm.key(anchorKey);
    this.#chain ??= guardChain(openAnchorChain({ ...this.#config.chain, publicKey, sign }), this.#metrics);
    return this.#chain;
  };

  readonly prover = <T>(circuit: Circuit<T>): Promise<Prover<T>> => {
    const { href } = circuit.folder;
    const opened =
      this.#provers.get(href) ??
      openProver(circuit).then((prover) => guardProver<never>(prover as Prover<never>, this.#metrics));
    this.#provers.set(href, opened);
    return opened as Promise<Prover<T>>;
  };

  async close(): Promise<void> {
    this.#chain?.close();
    for (const prover of this.#provers.values()) await (await prover).close();
  }
}
