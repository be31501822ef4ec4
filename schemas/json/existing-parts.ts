// Generated from existing-parts.schema.json by scripts/generate-json-types.ts. Edit the schema, then run the script.

/**
 * Kafka, schema registry and chain that run already, for `up --parts`.
 */
export interface ExistingParts {
  kafka: ExistingKafka;
  /**
   * Confluent-compatible schema registry.
   */
  registryUrl: string;
  chain: ExistingChain;
  /**
   * Whether `up` runs the connectors, or leaves them to others, with their configurations written.
   */
  connectors: "here" | "elsewhere";
}
/**
 * A Kafka whose super user is called operator, and logs in by SCRAM-SHA-512.
 */
export interface ExistingKafka {
  /**
   * host:port, comma-separated.
   */
  bootstrap: string;
  /**
   * Absolute path of the file with the operator's password; mode 0600.
   */
  passwordFile: string;
}
/**
 * A development chain: it gives accounts their money by anvil_setBalance.
 */
export interface ExistingChain {
  /**
   * JSON-RPC over HTTP.
   */
  url: string;
  /**
   * Its id.
   */
  chainId: number;
}
