// Generated from agent-config.schema.json by scripts/generate-json-types.ts. Edit the schema, then run the script.

/**
 * A provider's agent, beside its data.
 */
export interface AgentConfig {
  /**
   * Provider id.
   */
  provider: string;
  /**
   * Home region.
   */
  region: string;
  kafka: AgentKafka;
  /**
   * Confluent-compatible schema registry.
   */
  registryUrl: string;
  /**
   * The agent's keys, sealed under its passphrase.
   */
  keystoreFile: string;
  /**
   * File that holds the passphrase, mode 0600.
   */
  passphraseFile: string;
  /**
   * Where the agent keeps what it has pushed and its reports.
   */
  stateFolder: string;
  /**
   * Least level that is logged.
   */
  logLevel: "debug" | "info" | "warn" | "error";
}
/**
 * A principal's way to Kafka.
 */
export interface AgentKafka {
  /**
   * host:port, comma-separated.
   */
  bootstrap: string;
  /**
   * SCRAM user.
   */
  username: string;
  /**
   * File that holds its password, mode 0600.
   */
  passwordFile: string;
}
