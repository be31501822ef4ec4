/**
 * What a command failed of, as an error of the catalogue: of the libraries' own failures those that users meet.
 */
import { CryptoError } from "../crypto/errors.ts";
import { PavilionError } from "../errors/errors.ts";

/** Undefined for a defect, which shows its stack. */
export function coded(error: unknown): PavilionError | undefined {
  if (error instanceof PavilionError) return error;
  if (error instanceof CryptoError)
    return new PavilionError("INTERNAL_ERROR", `${error.code}: ${error.message}`);
  if (!(error instanceof Error)) return undefined;
  const { cause } = error;
  if (error.name === "KafkaJSNumberOfRetriesExceeded" && cause !== undefined) return coded(cause);
  if (error.name === "KafkaJSSASLAuthenticationError") {
    return new PavilionError("ACCESS_DENIED", "Kafka does not know this user, or not this password.");
  }
  if (isDenied(error)) return new PavilionError("ACCESS_DENIED", "Kafka does not let this user do that.");
  if (connectionErrors.includes(error.name)) {
    return new PavilionError("KAFKA_UNAVAILABLE", "Kafka does not answer.", undefined, { cause: error });
  }
  if ("code" in error && error.code === "ENOSPC") {
    return new PavilionError("DISK_FULL", "There is no space left on the disk.", undefined, { cause: error });
  }
  return undefined;
}

const connectionErrors = [
  "KafkaJSConnectionError",
  "KafkaJSConnectionClosedError",
  "KafkaJSRequestTimeoutError",
  "KafkaJSBrokerNotFound",
];

const isDenied = (error: Error): boolean =>
  "type" in error && typeof error.type === "string" && error.type.endsWith("_AUTHORIZATION_FAILED");
