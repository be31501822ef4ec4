/**
 * The keys of a region, by label, and what each must be: one table from which keys are generated (provision.ts) and
 * against which they are checked before use.
 *
 * Promises: a key that is missing, there twice, extractable, not sensitive, made elsewhere, of another type, or fit
 * for another use than its own is refused. Does not: create anything.
 */
import pkcs11 from "pkcs11js";
import { PavilionError } from "../errors.ts";
import { refusing } from "./token.ts";
import type { Token } from "./token.ts";

// PKCS#11 v3.0 names that pkcs11js, of v2.40, lacks.
const CKK_EC_EDWARDS = 0x40;
const CKM_EC_EDWARDS_KEY_PAIR_GEN = 0x1055;
export const CKM_EDDSA = 0x1057;

/** DER object identifiers, as CKA_EC_PARAMS wants them: secp256r1 and id-Ed25519. */
const P256_OID = Buffer.from("06082a8648ce3d030107", "hex");
const ED25519_OID = Buffer.from("06032b6570", "hex");

export type KeyLabel = "hpke" | "issuer" | "noise" | "sealing";
interface Attribute {
  readonly type: number;
  readonly value: number | boolean | Buffer;
}

export interface KeyKind {
  readonly label: KeyLabel;
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

export const KEY_KINDS: readonly KeyKind[] = [
  {
    label: "hpke",
    generator: pkcs11.CKM_EC_KEY_PAIR_GEN,
    secret: [
      ...typed(pkcs11.CKO_PRIVATE_KEY, pkcs11.CKK_EC),
      ...usedOnlyFor(pkcs11.CKA_DERIVE, privateUses()),
    ],
    public: publicPart(pkcs11.CKK_EC, P256_OID),
    pointLength: 65,
  },
  {
    label: "issuer",
    generator: CKM_EC_EDWARDS_KEY_PAIR_GEN,
    secret: [
      ...typed(pkcs11.CKO_PRIVATE_KEY, CKK_EC_EDWARDS),
      ...usedOnlyFor(pkcs11.CKA_SIGN, privateUses()),
    ],
    public: publicPart(CKK_EC_EDWARDS, ED25519_OID),
    pointLength: 32,
  },
  { label: "noise", generator: pkcs11.CKM_GENERIC_SECRET_KEY_GEN, secret: macKey() },
  { label: "sealing", generator: pkcs11.CKM_GENERIC_SECRET_KEY_GEN, secret: macKey() },
];

/** What a secret or private key is generated with, its label included. */
export function secretTemplate(kind: KeyKind): pkcs11.Template {
  return [{ type: pkcs11.CKA_LABEL, value: kind.label }, ...KEPT_IN_TOKEN, ...kind.secret];
}

/** What the public key of a pair is generated with; undefined for a secret key. */
export function publicTemplate(kind: KeyKind): pkcs11.Template | undefined {
  return kind.public && [{ type: pkcs11.CKA_LABEL, value: kind.label }, ...kind.public];
}

export interface RegionKey {
  /** The secret or private key's handle, good in every session of this process. */
  readonly secret: pkcs11.Handle;
  /** The public key's point without DER wrapping; empty for a secret key. */
  readonly publicPoint: Uint8Array;
}

/** How many objects of the kind's label the token holds, of whatever class: 0 when it is still to be made. */
export function countObjects(token: Token, kind: KeyKind): number {
  return findObjects(token, [{ type: pkcs11.CKA_LABEL, value: kind.label }]).length;
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
      return library.C_FindObjects(session, 16);
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

function macKey(): Attribute[] {
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
    { type: pkcs11.CKA_VALUE_LEN, value: 32 },
    ...usedOnlyFor(pkcs11.CKA_SIGN, uses),
  ];
}

function unfit(kind: KeyKind, reason: string): PavilionError {
  return new PavilionError("HSM_KEY_MISSING", `The region's key "${kind.label}" ${reason}.`);
}
