/**
 * SCRAM-SHA-512 credentials (RFC 5802, with SHA-512) in the form in which Kafka's StorageTool takes them:
 * salt and salted password in place of the password, which so never touches the disk. The salted password is
 * enough to log in to the cluster that holds it: whoever writes it down keeps it as secret as the password.
 */
import { pbkdf2Sync } from "node:crypto";
import { PavilionError } from "../../errors/errors.ts";

export interface ScramUser {
  readonly name: string;
  readonly password: string;
}

/** Kafka's least. It is enough for the passwords of this stack, which are 128 random bits or more. */
const iterations = 4096;

// SASLprep leaves printable ASCII as it is; anything else could be prepared differently by client and server.
const plainName = /^[A-Za-z0-9._-]{1,200}$/;
const plainPassword = /^[\x21-\x7e]{16,}$/;

/**
 * `SCRAM-SHA-512=[name=…,iterations=…,salt="…",saltedpassword="…"]`; the salt is 32 fresh random bytes.
 * CONFIG_INVALID.
 */
export function scramCredential(user: ScramUser, salt: Uint8Array): string {
  if (!plainName.test(user.name) || !plainPassword.test(user.password)) {
    throw new PavilionError(
      "CONFIG_INVALID",
      "A Kafka user's name or password has an unsuitable form.",
      "Use letters, digits, dots, - and _ in names, and 16 or more visible ASCII characters in passwords.",
    );
  }
  const salted = pbkdf2Sync(user.password, salt, iterations, 64, "sha512");
  return (
    `SCRAM-SHA-512=[name=${user.name},iterations=${String(iterations)},` +
    `salt="${Buffer.from(salt).toString("base64")}",saltedpassword="${salted.toString("base64")}"]`
  );
}
