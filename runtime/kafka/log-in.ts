/**
 * Logging in by SCRAM-SHA-512 (RFC 5802, RFC 7677), with one habit of kafkajs changed: it takes a connection that is lost
 * within the exchange for a refusal, and gives up for good. Here a loss is what it is anywhere else, tried again; only
 * what Kafka itself answers is a refusal.
 */
import { createRequire } from "node:module";
import kafkajs, { type Mechanism } from "kafkajs";

type Provider = Mechanism["authenticationProvider"];

/** Not part of kafkajs's public interface, hence held to version 2.2.4. */
const providerFor = createRequire(import.meta.url)(
  "kafkajs/src/broker/saslAuthenticator/scram512.js",
) as (credential: { readonly username: string; readonly password: string }) => Provider;

/** For kafkajs's `sasl`. Its `authenticate` rejects with a retriable error where no answer came. */
export function scramLogIn(username: string, password: string): Mechanism {
  const provider = providerFor({ username, password });
  return {
    mechanism: "scram-sha-512",
    authenticationProvider: (connection) => {
      let loss: unknown;
      const exchange = provider({
        ...connection,
        saslAuthenticate: async (message) => {
          try {
            return await connection.saslAuthenticate(message);
          } catch (error) {
            if (error instanceof kafkajs.KafkaJSError && error.retriable) loss = error;
            throw error;
          }
        },
      });
      return {
        authenticate: async () => {
          try {
            await exchange.authenticate();
          } catch (refusal) {
            throw loss ?? refusal;
          }
        },
      };
    },
  };
}
