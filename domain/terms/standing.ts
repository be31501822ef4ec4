/**
 * Who was let in and then cut off: the standing of providers and brokers, as the region's tables have it. Whoever has no
 * entry was not cut off.
 */
import type { BrokerEntry, ProviderEntry } from "../../schemas/avro/index.ts";

export interface StandingTable {
  /** By its name, or by its key whatever name a collaboration gives it. */
  isBrokerRevoked(broker: { readonly id: string; readonly key: string }): boolean;
  isProviderRevoked(id: string): boolean;
  /** Whether a broker of that name was ever let in: it has topics of its own here, also where it was cut off since. */
  hasBroker(id: string): boolean;
}

export class Standing implements StandingTable {
  readonly #brokers = new Map<string, BrokerEntry>();
  readonly #providers = new Map<string, ProviderEntry>();

  addBroker(entry: BrokerEntry): void {
    this.#brokers.set(entry.broker, entry);
  }

  addProvider(entry: ProviderEntry): void {
    this.#providers.set(entry.provider, entry);
  }

  isBrokerRevoked({ id, key }: { readonly id: string; readonly key: string }): boolean {
    if (this.#brokers.get(id)?.admitted === false) return true;
    return [...this.#brokers.values()].some((entry) => !entry.admitted && entry.key === key);
  }

  hasBroker(id: string): boolean {
    return this.#brokers.has(id);
  }

  isProviderRevoked(id: string): boolean {
    return this.#providers.get(id)?.admitted === false;
  }
}
