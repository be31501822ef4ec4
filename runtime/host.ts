/**
 * What a host hands a pipeline to open its stages' ports from: the region, its keys, and parts that are opened where a
 * pipeline asks for them, once for all. Every part is guarded: one that is away is neither flooded nor waited for by
 * everybody at once.
 */
import type { ConnectorConfig } from "../schemas/json/connector-config.ts";
import type { AnchorChain } from "./chain/anchor-chain.ts";
import type { Hsm } from "./hsm/hsm.ts";
import type { Circuit, Prover } from "./prover/prover.ts";

export interface Host {
  readonly config: ConnectorConfig;
  /** The pipeline's own section of it, held to the pipeline's schema; undefined where it has none. */
  readonly section: unknown;
  /** With the keys that the pipeline declares, and no others. */
  readonly hsm: Omit<Hsm, "close">;
  readonly chain: () => AnchorChain;
  readonly prover: <T>(circuit: Circuit<T>) => Promise<Prover<T>>;
  /** Told who has topics of its own now, by what it is, such as `provider`: stages that read these topics follow. */
  readonly owners: (kind: string, ids: readonly string[]) => void;
}
