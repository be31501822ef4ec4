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
  /**
   * Folder for the stages' state, made if absent: sealed, and restored from Kafka where it is lost. Enough disk for all of it.
   */
  stateFolder: string;
  /**
   * The log warns when fewer MiB are free where the state folder lies; 1024 unless given.
   */
  stateFreeMiB?: number;
  kafka: ConnectorKafka;
  /**
   * Confluent-compatible schema registry.
   */
  registryUrl: string;
  hsm: HsmConfig;
  chain: ChainConfig;
  /**
   * After so long a new noise seed is made; the last one stays open as long again.
   */
  seedPeriodSeconds: number;
  /**
   * True where a development set-up of the proofs may be used: whoever made it alone can forge proofs.
   */
  development: boolean;
  metrics?: MetricsConfig;
  http?: HttpConfig;
  tracing?: TracingConfig;
  /**
   * Least level that is logged.
   */
  logLevel: "debug" | "info" | "warn" | "error";
  /**
   * Settings of single pipelines, by name; what each takes, the pipeline says.
   */
  pipelines?: {
    [k: string]: {
      [k: string]: unknown;
    };
  };
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
/**
 * The chain that the region's log is anchored on.
 */
export interface ChainConfig {
  /**
   * JSON-RPC address of a node.
   */
  url: string;
  /**
   * Chain id.
   */
  chainId: number;
  /**
   * Address of the AnchorRegistry.
   */
  contract: string;
  /**
   * Block that the contract came with.
   */
  deployedAt: number;
  /**
   * Blocks from an anchor's own to the head before it counts; 1 for a mined one.
   */
  confirmations: number;
}
/**
 * Where the connector serves its metrics; absent where it serves none.
 */
export interface MetricsConfig {
  /**
   * Address to listen on; 127.0.0.1 unless given. Nobody is asked who they are.
   */
  host?: string;
  /**
   * TCP port.
   */
  port: number;
}
/**
 * Where the connector serves the HTTP interface of its pipelines; absent where it serves none.
 */
export interface HttpConfig {
  /**
   * IP address to listen on; 127.0.0.1 unless given. One that others reach needs `tls`.
   */
  host?: string;
  /**
   * TCP port.
   */
  port: number;
  tls?: HttpTlsConfig;
  /**
   * File that says who may call; read again every minute. Absent where nothing that is served needs a token.
   */
  tokensFile?: string;
}
/**
 * TLS 1.3; absent where it is plain. Both files are read again every minute.
 */
export interface HttpTlsConfig {
  /**
   * PEM file of the certificate, and of those between it and its root.
   */
  certificateFile: string;
  /**
   * PEM file of its private key, mode 0600.
   */
  keyFile: string;
}
/**
 * Where spans go; absent where there are none.
 */
export interface TracingConfig {
  /**
   * OpenTelemetry collector, OTLP over HTTP.
   */
  endpoint: string;
}
