/**
 * What a stack stands on: Kafka, a schema registry and a chain, and where they come from. They are started as processes of
 * this machine (embedded/), in tests as containers of the image of containers/, or run already
 * (services/stack/existing-parts.ts); whoever uses them sees no difference.
 */
import type { KafkaPorts } from "./embedded/kafka-settings.ts";
import type { ScramUser } from "./embedded/scram.ts";

export interface Part {
  /** Where it is a process of this machine. */
  readonly pid?: number;
  /** Resolves when the part is gone, with how it ended. */
  readonly exited: Promise<string>;
  /** Asks it to end, kills it after `graceMs` (10 s by default; 0 kills at once), resolves when it is gone. */
  readonly stop: (graceMs?: number) => Promise<void>;
}

interface KafkaRequest {
  /** The part's folder, absolute; made if absent. What the part keeps lies there. */
  readonly dir: string;
  readonly ports: KafkaPorts;
  /** May do everything: it makes topics and ACLs. */
  readonly superUser: ScramUser;
  /** Those who may log in besides. */
  readonly users: readonly ScramUser[];
}

interface PortRequest {
  /** As KafkaRequest's. */
  readonly dir: string;
  readonly port: number;
}

export interface Parts {
  /** The super user's password, where there is a Kafka that has one already. */
  readonly operatorPassword?: string;
  /** `bootstrap` is host:port, SASL_PLAINTEXT with SCRAM-SHA-512. */
  kafka(request: KafkaRequest): Promise<Part & { readonly bootstrap: string }>;
  /** `url` speaks the Confluent registry's API. */
  registry(request: PortRequest): Promise<Part & { readonly url: string }>;
  chain(request: PortRequest): Promise<Part & { readonly url: string; readonly chainId: number }>;
}
