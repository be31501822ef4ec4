/**
 * A party's secrets in one file, sealed under its passphrase: scrypt (RFC 7914; N = 2^15, r = 8, p = 1, 32 MiB a guess)
 * makes the key, AES-256-GCM (SP 800-38D) seals a JSON object of names and base64url secrets. The tag covers the
 * envelope's version and parameters too.
 *
 * Promises: a file of mode 0600 that is wholly there or not; an existing one is never overwritten; a changed file or a
 * wrong passphrase opens nothing. Does not: erase secrets from memory, or make a weak passphrase strong.
 */
import { randomBytes, scrypt } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { CryptoError } from "../../crypto/errors.ts";
import { decodeBase64url, encodeBase64url } from "../../crypto/jws/base64url.ts";
import { canonicalBytes } from "../../crypto/jws/canonical.ts";
import { decrypt, encrypt, KEY_LENGTH, NONCE_LENGTH } from "../../crypto/sealing/aes-gcm.ts";
import { PavilionError } from "../../errors/errors.ts";
import { shell } from "../../runtime/shell.ts";
import { createFile } from "./atomic-file.ts";

/** Secrets by name, each base64url without padding. */
export type Secrets = Readonly<Record<string, string>>;

interface Envelope {
  readonly version: 1;
  readonly kdf: { readonly name: "scrypt"; readonly N: number; readonly r: number; readonly p: number };
  readonly salt: string;
  readonly cipher: "A256GCM";
  readonly nonce: string;
  readonly sealed: string;
}

const VERSION = 1;
/** Fixed by the version: a file that names others is refused, so that nobody can make guessing cheap. */
const KDF = { name: "scrypt", N: 32_768, r: 8, p: 1 } as const;
const CIPHER = "A256GCM";
const SALT_LENGTH = 16;
/** scrypt takes 128·N·r bytes and a little more; node's own limit is exactly too low. */
const SCRYPT_MEMORY_MAX = 64 * 1024 * 1024;
const MEMBERS = "cipher,kdf,nonce,salt,sealed,version";

/** Makes the file. Throws CONFIG_INVALID for an empty passphrase, or where a file stands already. */
export async function createKeystore(file: string, passphrase: string, secrets: Secrets): Promise<void> {
  if (passphrase === "") throw new PavilionError("CONFIG_INVALID", "A keystore needs a passphrase.");
  const salt = randomBytes(SALT_LENGTH);
  const nonce = randomBytes(NONCE_LENGTH);
  const head = {
    version: VERSION,
    kdf: KDF,
    salt: encodeBase64url(salt),
    cipher: CIPHER,
    nonce: encodeBase64url(nonce),
  };
  const key = await deriveKey(passphrase, salt);
  const sealed = encrypt(key, nonce, canonicalBytes(secrets), canonicalBytes(head));
  key.fill(0);
  const envelope = { ...head, sealed: encodeBase64url(sealed) };
  try {
    await createFile(file, `${JSON.stringify(envelope, undefined, 2)}\n`);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
    throw new PavilionError(
      "CONFIG_INVALID",
      `The keystore ${file} exists already.`,
      "Keep it, or move it away: keys that are overwritten are lost.",
    );
  }
}

/** The secrets. Throws KEYSTORE_UNREADABLE, without saying which of passphrase and file is at fault. */
export async function openKeystore(file: string, passphrase: string): Promise<Secrets> {
  const { sealed, ...head } = await readEnvelope(file);
  const salt = bytesOf(head.salt, file);
  const nonce = bytesOf(head.nonce, file);
  const key = await deriveKey(passphrase, salt);
  try {
    const opened = decrypt(key, nonce, bytesOf(sealed, file), canonicalBytes(head));
    return JSON.parse(new TextDecoder().decode(opened)) as Secrets;
  } catch (error) {
    if (!(error instanceof CryptoError)) throw error;
    throw unreadable(file, "does not open: the passphrase is wrong, or the file was changed");
  } finally {
    key.fill(0);
  }
}

/** A secret of the given length in bytes. Throws KEYSTORE_UNREADABLE where the keystore holds none of that name. */
export function secretIn(secrets: Secrets, name: string, length: number): Uint8Array {
  const text = Object.hasOwn(secrets, name) ? secrets[name] : undefined;
  const bytes = text === undefined ? undefined : decodeBase64url(text);
  if (bytes?.length === length) return bytes;
  throw new PavilionError(
    "KEYSTORE_UNREADABLE",
    `The keystore holds no ${name} key.`,
    "Use the keystore that was made for this kind of party.",
  );
}

function deriveKey(passphrase: string, salt: Uint8Array): Promise<Buffer> {
  const { N, r, p } = KDF;
  return new Promise((resolve, reject) => {
    scrypt(passphrase, salt, KEY_LENGTH, { N, r, p, maxmem: SCRYPT_MEMORY_MAX }, (error, key) => {
      if (error === null) resolve(key);
      else reject(error);
    });
  });
}

async function readEnvelope(file: string): Promise<Envelope> {
  let text: string;
  try {
    const { mode } = await stat(file);
    if ((mode & 0o077) !== 0) throw unreadable(file, "can be read by others", shell`chmod 600 ${file}`);
    text = await readFile(file, "utf8");
  } catch (error) {
    if (error instanceof PavilionError) throw error;
    throw unreadable(file, "cannot be read", "Make the keys first, or correct the path.");
  }
  let envelope: unknown;
  try {
    envelope = JSON.parse(text);
  } catch {
    throw unreadable(file, "is not JSON");
  }
  if (!isEnvelope(envelope)) throw unreadable(file, "is not a keystore that this version can read");
  return envelope;
}

function isEnvelope(value: unknown): value is Envelope {
  if (typeof value !== "object" || value === null || Object.keys(value).sort().join() !== MEMBERS)
    return false;
  const { version, kdf, cipher, salt, nonce, sealed } = value as Record<keyof Envelope, unknown>;
  const known = version === VERSION && cipher === CIPHER && JSON.stringify(kdf) === JSON.stringify(KDF);
  return known && [salt, nonce, sealed].every((member) => typeof member === "string");
}

function bytesOf(text: string, file: string): Uint8Array {
  const bytes = decodeBase64url(text);
  if (bytes === undefined) throw unreadable(file, "is not base64url where it should be");
  return bytes;
}

function unreadable(file: string, reason: string, remedy?: string): PavilionError {
  return new PavilionError("KEYSTORE_UNREADABLE", `The keystore ${file} ${reason}.`, remedy);
}
