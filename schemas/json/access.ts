// Generated from access.schema.json by scripts/generate-json-types.ts. Edit the schema, then run the script.

/**
 * A party's way into a region, from its operator. Holds a password: mode 0600.
 */
export interface Access {
  /**
   * What the party takes part as.
   */
  role: "provider" | "broker" | "auditor";
  /**
   * Its id.
   */
  id: string;
  /**
   * The region.
   */
  region: string;
  kafka: AccessKafka;
  /**
   * Confluent-compatible schema registry.
   */
  registryUrl: string;
  /**
   * The region's sealing key in access files of earlier versions. Not used: agents seal to the key that the population pins.
   */
  regionKey?: string;
}
/**
 * How the party logs in to Kafka.
 */
export interface AccessKafka {
  /**
   * host:port, comma-separated.
   */
  bootstrap: string;
  /**
   * SCRAM user.
   */
  username: string;
  /**
   * Its password.
   */
  password: string;
}
