// Generated from provider-state.schema.json by scripts/generate-json-types.ts. Edit the schema, then run the script.

/**
 * A record of a sender's meter, as its agent signs it for its provider's other agents; it travels sealed under a key of the provider's own.
 */
export interface ProviderStateDocument {
  type: "pavilion/provider-state";
  /**
   * Region whose topic it stands in.
   */
  region: string;
  /**
   * Provider whose meter it is.
   */
  provider: string;
  /**
   * Collaboration of which the provider is the sender.
   */
  collaboration: string;
  /**
   * From 1, without gaps.
   */
  sequence: number;
  /**
   * Digest of the record before; null for the first.
   */
  previous: string | null;
  /**
   * Matching epoch that is counted.
   */
  epoch: number;
  /**
   * What each receiver has had in the epoch.
   *
   * @maxItems 64
   */
  receivers: {
    /**
     * Provider that asks.
     */
    receiver: string;
    /**
     * Identifiers evaluated for it.
     */
    evaluated: number;
    /**
     * The last batch of each of its newest pushes, the newest last.
     *
     * @maxItems 16
     */
    pushes: {
      /**
       * Id of the push.
       */
      push: string;
      /**
       * Its last batch that was evaluated.
       */
      sequence: number;
      /**
       * Digest of that batch's header.
       */
      digest: string;
    }[];
  }[];
  /**
   * SHA-256 of the meter files of earlier versions that were added, so that none is added twice.
   *
   * @maxItems 16
   */
  carried: string[];
}
