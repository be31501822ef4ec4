/**
 * The outside parts that a host's pipelines stand on, behind their breakers: each opened where a pipeline first asks for
 * it, once for all, and closed with the host.
 */
import { openAnchorChain, type AnchorChain } from "../../runtime/chain/anchor-chain.ts";
import { anchorKey } from "../../runtime/chain/hsm-signer.ts";
import type { Hsm } from "../../runtime/hsm/hsm.ts";
import { openProver, type Prover } from "../../runtime/prover/prover.ts";
import type { Metrics } from "../../runtime/telemetry/metrics.ts";
import type { ConnectorConfig } from "../../schemas/json/connector-config.ts";
import { guardChain, guardProver } from "./guards.ts";

const circuitFolder = new URL("../../circuits/release/artifacts/", import.meta.url);

export class HostParts {
  readonly #config: ConnectorConfig;
  readonly #hsm: Hsm;
  readonly #metrics: Metrics;
  #chain: AnchorChain | undefined;
  #prover: Promise<Prover> | undefined;

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

  readonly prover = (): Promise<Prover> => {
    this.#prover ??= openProver(circuitFolder).then((prover) => guardProver(prover, this.#metrics));
    return this.#prover;
  };

  async close(): Promise<void> {
    this.#chain?.close();
    await (await this.#prover)?.close();
  }
}
