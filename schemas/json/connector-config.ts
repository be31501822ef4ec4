// Generated from connector-config.schema.json by scripts/generate-json-types.ts. Edit the schema, then run the script.

/**
 * A region's connector.
 */
export interface ConnectorConfig {
  /**
   * Region.
   */
  region: string;
  /**
   * Jurisdiction of the region.
   */
  jurisdiction: string;
  /**
   * Partition count of the region's spread topics.
   */
  partitions: number;
  kafka: ConnectorKafka;
  /**
   * Confluent-compatible schema registry.
   */
  registryUrl: string;
  hsm: HsmConfig;
  /**
   * Least level that is logged.
   */
  logLevel: "debug" | "info" | "warn" | "error";
}
/**
 * A principal's way to Kafka.
 */
export interface ConnectorKafka {
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
/**
 * The region's PKCS#11 token.
 */
export interface HsmConfig {
  /**
   * PKCS#11 module.
   */
  library: string;
  /**
   * SoftHSM configuration; absent for other modules.
   */
  configFile?: string;
  /**
   * Token label.
   */
  tokenLabel: string;
  /**
   * File that holds the user PIN, mode 0600.
   */
  pinFile: string;
}
