/**
 * A Kafka client of one principal, by SCRAM-SHA-512. kafkajs's own log goes to the project's log at warning level.
 */
import { Kafka, logLevel, type RetryOptions } from "kafkajs";
import type { Log } from "../log.ts";
import "./idle-connections.ts";
import { scramLogIn } from "./log-in.ts";
import { easeTransactions } from "./transaction-coordinator.ts";

export interface KafkaAccess {
  /** `host:port`, comma-separated. */
  readonly bootstrap: string;
  readonly username: string;
  readonly password: string;
}

/**
 * A transaction begun right after a commit is answered CONCURRENT_TRANSACTIONS for a few milliseconds; kafkajs waits
 * its initial retry time, 300 ms by default, so it starts low here and grows.
 */
const retry: RetryOptions = {
  initialRetryTime: 3,
  maxRetryTime: 1_000,
  multiplier: 1.6,
  factor: 0.2,
  retries: 25,
};

export function connectKafka(access: KafkaAccess, clientId: string, log: Log): Kafka {
  const kafka = new Kafka({
    clientId,
    brokers: access.bootstrap.split(","),
    sasl: scramLogIn(access.username, access.password),
    retry,
    logLevel: logLevel.WARN,
    logCreator:
      () =>
      ({ namespace, level, log: entry }) => {
        // While a group moves, kafkajs reports as errors what it then handles; they are warnings here.
        if (isMarkersPending(entry.error)) return;
        const context = { kafkajs: namespace, ...kept(entry) };
        if (level === logLevel.ERROR) log.warn(context, entry.message);
        else log.debug(context, entry.message);
      },
  });
  easeTransactions(kafka);
  return kafka;
}

/** Nothing is wrong: see transaction-coordinator.ts. kafkajs logs the broker's answer by its text. */
const isMarkersPending = (error: unknown): boolean =>
  typeof error === "string" && error.includes("another concurrent operation on the same transaction");

/** The fields of a kafkajs log entry that hold names and places only. */
function kept(entry: Record<string, unknown>): Record<string, unknown> {
  const fields = ["groupId", "memberId", "topic", "partition", "broker", "retryCount"];
  const named = Object.entries(entry).filter(([name]) => fields.includes(name));
  // kafkajs calls the broker's answer `error`; the log's own `error` is for errors.
  return Object.fromEntries([...named, ["reason", entry.error]]);
}
