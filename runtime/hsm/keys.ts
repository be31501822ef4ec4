/**
 * What keys of each purpose must be: one table from which keys are generated (provision.ts, seeds.ts) and against which they
 * are checked before use.
 *
 * Promises: a key that is missing, there twice, extractable, not sensitive, made elsewhere, of another type, or fit
 * for another use than its own is refused.
 */
import pkcs11 from "pkcs11js";
import { PavilionError } from "../../errors/errors.ts";
import { refusing } from "./token.ts";
import type { Token } from "./token.ts";

// PKCS#11 v3.0 names that pkcs11js, of v2.40, lacks.
const CKK_EC_EDWARDS = 0x40;
const CKM_EC_EDWARDS_KEY_PAIR_GEN = 0x1055;
export const CKM_EDDSA = 0x1057;

/** DER object identifiers, as CKA_EC_PARAMS wants them: secp256r1, secp256k1 and id-Ed25519. */
const P256_OID = Buffer.from("06082a8648ce3d030107", "hex");
const SECP256K1_OID = Buffer.from("06052b8104000a", "hex");
const ED25519_OID = Buffer.from("06032b6570", "hex");

/**
 * What a key is for, which is all that it can do:
 * - `ed25519`: signs messages of any length (RFC 8032); public key of 32 bytes, signatures of 64.
 * - `secp256k1`: signs digests of 32 bytes by ECDSA; public key of 65 bytes, uncompressed; r and s, 64 bytes, s in the lower
 *   half (EIP-2).
 * - `p256-agreement`: RFC 9180 `DH(skR, pkE)` with a peer's key of 65 bytes, uncompressed, as its own public key; 32 bytes, the
 *   x coordinate, secret.
 * - `hmac-sha256`: 32 bytes of a message of any length, secret, and the same for the same message for ever; no public key.
 */
export type KeyPurpose = "ed25519" | "secp256k1" | "p256-agreement" | "hmac-sha256";

/** A key that a region has for as long as it runs. */
export interface KeyDeclaration {
  readonly label: string;
  readonly purpose: KeyPurpose;
}

/** Each key once. Throws where two want one label for different purposes. */
export function distinctKeys(declared: readonly KeyDeclaration[]): readonly KeyDeclaration[] {
  const keys = new Map<string, KeyDeclaration>();
  for (const key of declared) {
    if ((keys.get(key.label) ?? key).purpose !== key.purpose)
      throw new Error(`the key ${key.label} is declared for two purposes`);
    keys.set(key.label, key);
  }
  return [...keys.values()];
}

/** What the label of every seed's key begins with, and of no other key. */
const SEED_LABEL_PREFIX = "seed/";
/** The largest number of a seed; the smallest is 0. */
const SEED_NUMBER_MAX = 0xffff_ffff;
/** SoftHSM takes no shorter key for HMAC-SHA-512. */
const SEED_KEY_LENGTH = 64;

interface Attribute {
  readonly type: number;
  readonly value: number | boolean | Buffer;
}

export interface KeyKind {
  readonly label: string;
  /** The mechanism that generates it. */
  readonly generator: number;
  /** Of the secret or private key, beyond KEPT_IN_TOKEN. */
  readonly secret: readonly Attribute[];
  /** Of the public key, when there is one. */
  readonly public?: readonly Attribute[];
  /** Bytes of the public key's point. */
  readonly pointLength?: number;
}

/** What every secret or private key of a region must be. */
const KEPT_IN_TOKEN: readonly Attribute[] = [
  { type: pkcs11.CKA_TOKEN, value: true },
  { type: pkcs11.CKA_PRIVATE, value: true },
  { type: pkcs11.CKA_SENSITIVE, value: true },
  { type: pkcs11.CKA_EXTRACTABLE, value: false },
  { type: pkcs11.CKA_MODIFIABLE, value: false },
];

/** What only the token itself can say of a key: that it was made there and has never been otherwise. */
const NEVER_OTHERWISE: readonly Attribute[] = [
  { type: pkcs11.CKA_LOCAL, value: true },
  { type: pkcs11.CKA_ALWAYS_SENSITIVE, value: true },
  { type: pkcs11.CKA_NEVER_EXTRACTABLE, value: true },
];

/** What a declared key must be. */
export const kindOf = ({ label, purpose }: KeyDeclaration): KeyKind => ({ label, ...kinds[purpose] });

const kinds: Readonly<Record<KeyPurpose, Omit<KeyKind, "label">>> = {
  ed25519: edwardsKind(),
  secp256k1: ellipticKind(SECP256K1_OID, pkcs11.CKA_SIGN),
  "p256-agreement": ellipticKind(P256_OID, pkcs11.CKA_DERIVE),
  "hmac-sha256": { generator: pkcs11.CKM_GENERIC_SECRET_KEY_GEN, secret: macKey(32) },
};

/** The key behind a seed, one for each number from 0 to 2^32 - 1. Throws RangeError for another number. */
export function seedKind(number: number): KeyKind {
  if (!Number.isInteger(number) || number < 0 || number > SEED_NUMBER_MAX) {
    throw new RangeError("A seed's number is an unsigned 32-bit integer.");
  }
  return {
    label: `${SEED_LABEL_PREFIX}${String(number)}`,
    generator: pkcs11.CKM_GENERIC_SECRET_KEY_GEN,
    secret: macKey(SEED_KEY_LENGTH),
  };
}

/** What a secret or private key is generated with, its label included. */
function secretTemplate(kind: KeyKind): pkcs11.Template {
  return [{ type: pkcs11.CKA_LABEL, value: kind.label }, ...KEPT_IN_TOKEN, ...kind.secret];
}

/** What the public key of a pair is generated with; undefined for a secret key. */
function publicTemplate(kind: KeyKind): pkcs11.Template | undefined {
  return kind.public && [{ type: pkcs11.CKA_LABEL, value: kind.label }, ...kind.public];
}

export interface RegionKey {
  /** The secret or private key's handle, good in every session of this process. */
  readonly secret: pkcs11.Handle;
  /** The public key's point without DER wrapping; empty for a secret key. */
  readonly publicPoint: Uint8Array;
}

/** All objects of the kind's label that the token holds, of whatever class: none when it is still to be made. */
export function objectsOf(token: Token, kind: KeyKind): pkcs11.Handle[] {
  return findObjects(token, [{ type: pkcs11.CKA_LABEL, value: kind.label }]);
}

/** All objects that the token holds under a seed's label, whatever its number. PKCS#11 itself finds whole labels alone. */
export const seedObjectsOf = (token: Token): pkcs11.Handle[] =>
  findObjects(token, []).filter((object) =>
    readAttribute(token, object, pkcs11.CKA_LABEL)?.toString("utf8").startsWith(SEED_LABEL_PREFIX),
  );

/** Generates the kind's key, or pair, in a session that may write. Throws PavilionError HSM_OPERATION_FAILED. */
export function generateKey(library: pkcs11.PKCS11, session: pkcs11.Handle, kind: KeyKind): void {
  const mechanism = { mechanism: kind.generator };
  const publicPart = publicTemplate(kind);
  refusing("HSM_OPERATION_FAILED", () => {
    if (publicPart === undefined) library.C_GenerateKey(session, mechanism, secretTemplate(kind));
    else library.C_GenerateKeyPair(session, mechanism, publicPart, secretTemplate(kind));
  });
}

/** The region's key of that label. Throws PavilionError HSM_KEY_MISSING when it is not exactly as it must be. */
export function findKey(token: Token, kind: KeyKind): RegionKey {
  const secret = findOnly(token, kind, [...KEPT_IN_TOKEN, ...NEVER_OTHERWISE, ...kind.secret]);
  if (kind.public === undefined) return { secret, publicPoint: new Uint8Array() };
  const publicKey = findOnly(token, kind, kind.public);
  return { secret, publicPoint: readPoint(token, publicKey, kind) };
}

function findOnly(token: Token, kind: KeyKind, attributes: readonly Attribute[]): pkcs11.Handle {
  const [objectClass] = attributes.filter(({ type }) => type === pkcs11.CKA_CLASS);
  const template = [{ type: pkcs11.CKA_LABEL, value: kind.label }, ...(objectClass ? [objectClass] : [])];
  const [handle, ...others] = findObjects(token, template);
  if (handle === undefined || others.length > 0) throw unfit(kind, "is missing or there more than once");
  for (const { type, value } of attributes) {
    // Read one by one: asking for several at once fails as a whole when the token does not know one of them.
    if (!readAttribute(token, handle, type)?.equals(encode(value))) {
      throw unfit(kind, "does not have the attributes it must have");
    }
  }
  return handle;
}

function findObjects({ library, session }: Token, template: pkcs11.Template): pkcs11.Handle[] {
  return refusing("HSM_OPERATION_FAILED", () => {
    library.C_FindObjectsInit(session, template);
    try {
      const found: pkcs11.Handle[] = [];
      for (let some = library.C_FindObjects(session, 16); some.length > 0;) {
        found.push(...some);
        some = library.C_FindObjects(session, 16);
      }
      return found;
    } finally {
      library.C_FindObjectsFinal(session);
    }
  });
}

function readAttribute({ library, session }: Token, key: pkcs11.Handle, type: number): Buffer | undefined {
  try {
    return library.C_GetAttributeValue(session, key, [{ type }])[0]?.value;
  } catch {
    return undefined;
  }
}

/** CKA_EC_POINT is the point in a DER OCTET STRING; some tokens return it bare. The length tells which. */
function readPoint(token: Token, key: pkcs11.Handle, kind: KeyKind): Uint8Array {
  const value = readAttribute(token, key, pkcs11.CKA_EC_POINT) ?? Buffer.alloc(0);
  const length = kind.pointLength ?? 0;
  if (value.length === length) return Uint8Array.from(value);
  if (value.length !== length + 2 || value[0] !== 0x04 || value[1] !== length) {
    throw unfit(kind, "has no readable public point");
  }
  return Uint8Array.from(value.subarray(2));
}

/** As the token stores it: CK_BBOOL is a byte, CK_ULONG the machine's unsigned long. */
function encode(value: number | boolean | Buffer): Buffer {
  if (Buffer.isBuffer(value)) return value;
  if (typeof value === "boolean") return Buffer.of(value ? 1 : 0);
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}

function ellipticKind(curve: Buffer, use: number): Omit<KeyKind, "label"> {
  return {
    generator: pkcs11.CKM_EC_KEY_PAIR_GEN,
    secret: [...typed(pkcs11.CKO_PRIVATE_KEY, pkcs11.CKK_EC), ...usedOnlyFor(use, privateUses())],
    public: publicPart(pkcs11.CKK_EC, curve),
    pointLength: 65,
  };
}

function edwardsKind(): Omit<KeyKind, "label"> {
  return {
    generator: CKM_EC_EDWARDS_KEY_PAIR_GEN,
    secret: [
      ...typed(pkcs11.CKO_PRIVATE_KEY, CKK_EC_EDWARDS),
      ...usedOnlyFor(pkcs11.CKA_SIGN, privateUses()),
    ],
    public: publicPart(CKK_EC_EDWARDS, ED25519_OID),
    pointLength: 32,
  };
}

function typed(objectClass: number, keyType: number): Attribute[] {
  return [
    { type: pkcs11.CKA_CLASS, value: objectClass },
    { type: pkcs11.CKA_KEY_TYPE, value: keyType },
  ];
}

function privateUses(): number[] {
  return [pkcs11.CKA_DECRYPT, pkcs11.CKA_SIGN, pkcs11.CKA_SIGN_RECOVER, pkcs11.CKA_UNWRAP, pkcs11.CKA_DERIVE];
}

function usedOnlyFor(use: number, uses: readonly number[]): Attribute[] {
  return uses.map((type) => ({ type, value: type === use }));
}

function publicPart(keyType: number, curve: Buffer): Attribute[] {
  const uses = [pkcs11.CKA_ENCRYPT, pkcs11.CKA_VERIFY, pkcs11.CKA_VERIFY_RECOVER, pkcs11.CKA_WRAP];
  return [
    ...typed(pkcs11.CKO_PUBLIC_KEY, keyType),
    { type: pkcs11.CKA_EC_PARAMS, value: curve },
    { type: pkcs11.CKA_TOKEN, value: true },
    { type: pkcs11.CKA_PRIVATE, value: false },
    { type: pkcs11.CKA_MODIFIABLE, value: false },
    // Public operations are done outside the token.
    ...uses.map((type) => ({ type, value: false })),
  ];
}

function macKey(length: number): Attribute[] {
  const uses = [
    pkcs11.CKA_ENCRYPT,
    pkcs11.CKA_DECRYPT,
    pkcs11.CKA_SIGN,
    pkcs11.CKA_VERIFY,
    pkcs11.CKA_WRAP,
    pkcs11.CKA_UNWRAP,
    pkcs11.CKA_DERIVE,
  ];
  return [
    ...typed(pkcs11.CKO_SECRET_KEY, pkcs11.CKK_GENERIC_SECRET),
    { type: pkcs11.CKA_VALUE_LEN, value: length },
    ...usedOnlyFor(pkcs11.CKA_SIGN, uses),
  ];
}

function unfit(kind: KeyKind, reason: string): PavilionError {
  return new PavilionError("HSM_KEY_MISSING", `The region's key "${kind.label}" ${reason}.`);
}
