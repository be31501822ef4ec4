/**
 * C2SP signed-note v1.0.0 with Ed25519 (signature type 0x01): a text ending in a newline, an empty line, and one line a
 * signature, `— <key name> base64(32-bit key id || signature)`.
 *
 * Promises: the text comes back only when a signature of the expected key is there and every signature under that key's name
 * and id fits; other keys' signatures are ignored, as the specification demands, but malformed lines are not; base64 has one
 * spelling. Does not: choose the key, which the caller pins, or read other signature types.
 *
 * Code: CHECKPOINT_INVALID; ED25519_KEY_MALFORMED for a key that the caller handed in.
 */
import { createHash } from "node:crypto";
import { CryptoError } from "../errors.ts";
import { verifyEd25519 } from "../jws/ed25519.ts";

const SIGNATURE_TYPE_ED25519 = 0x01;
const KEY_ID_LENGTH = 4;
const PUBLIC_KEY_LENGTH = 32;
/** In UTF-16 units. Above the 16 signatures of nearly 5 kB each that a verifier has to accept. */
const NOTE_LENGTH_MAX = 256 * 1024;
const SIGNATURES_MAX = 100;
const SIGNATURE_LINE_START = "— ";

/** A control character other than the newline. */
const CONTROL = /[\0-\x09\x0b-\x1f]/;
const NOT_IN_NAME = /[\p{White_Space}+\0-\x1f]/u;

/** A key with the name that its signatures carry: not empty, without spaces or "+". */
export interface NoteKey {
  readonly name: string;
  /** 32 raw bytes, Ed25519. */
  readonly publicKey: Uint8Array;
}

export interface NoteSigner extends NoteKey {
  /** Signs the text's UTF-8 bytes; 64 bytes. */
  readonly sign: (text: Uint8Array) => Promise<Uint8Array> | Uint8Array;
}

interface Signature {
  readonly name: string;
  /** Key id and signature. */
  readonly bytes: Buffer;
}

/** The note of a text with one signature. Throws CHECKPOINT_INVALID also when the signer's answer does not fit its key. */
export async function signNote(text: string, signer: NoteSigner): Promise<string> {
  refuseUnfitText(text);
  const id = keyId(signer);
  const message = new TextEncoder().encode(text);
  const signature = await signer.sign(message);
  if (!verifyEd25519(signer.publicKey, message, signature))
    throw invalid("the signer's signature does not fit");
  const encoded = Buffer.concat([id, signature]).toString("base64");
  return `${text}\n${SIGNATURE_LINE_START}${signer.name} ${encoded}\n`;
}

/** The text of a note, its last newline included, when the key signed it. */
export function openNote(note: string, key: NoteKey): string {
  const id = keyId(key);
  const { text, signatures } = splitNote(note);
  const own = signatures.filter(
    ({ name, bytes }) => name === key.name && id.equals(bytes.subarray(0, KEY_ID_LENGTH)),
  );
  if (own.length === 0) throw invalid("the expected key did not sign it");
  const message = new TextEncoder().encode(text);
  for (const { bytes } of own) {
    if (!verifyEd25519(key.publicKey, message, bytes.subarray(KEY_ID_LENGTH)))
      throw invalid("a signature does not fit");
  }
  return text;
}

/** `<name>+<key id in hexadecimal>+base64(0x01 || public key)`: a key in the form in which it is published. */
export function verifierKey(name: string, publicKey: Uint8Array): string {
  const id = keyId({ name, publicKey }).toString("hex");
  return `${name}+${id}+${Buffer.of(SIGNATURE_TYPE_ED25519, ...publicKey).toString("base64")}`;
}

/** A label, not a commitment to the key: whoever wants can make another key with the same one. */
function keyId({ name, publicKey }: NoteKey): Buffer {
  if (!isName(name)) throw invalid("a key's name is empty or has characters that it must not have");
  if (publicKey.length !== PUBLIC_KEY_LENGTH) {
    throw new CryptoError("ED25519_KEY_MALFORMED", "Refused a key: an Ed25519 public key has 32 bytes.");
  }
  const input = Buffer.concat([Buffer.from(`${name}\n`), Buffer.of(SIGNATURE_TYPE_ED25519), publicKey]);
  return createHash("sha256").update(input).digest().subarray(0, KEY_ID_LENGTH);
}

/** The last empty line separates text and signatures; the text may have empty lines of its own. */
function splitNote(note: string): { text: string; signatures: Signature[] } {
  if (note.length > NOTE_LENGTH_MAX) throw invalid("it is too long");
  const end = note.lastIndexOf("\n\n");
  if (end < 0) throw invalid("it has no signatures");
  const text = note.slice(0, end + 1);
  refuseUnfitText(text);
  const lines = note.slice(end + 2).split("\n");
  if (lines.pop() !== "") throw invalid("its last line does not end");
  if (lines.length === 0 || lines.length > SIGNATURES_MAX) throw invalid("it has no signatures, or too many");
  return { text, signatures: lines.map(readSignature) };
}

function readSignature(line: string): Signature {
  if (!line.startsWith(SIGNATURE_LINE_START)) throw invalid("a signature line is malformed");
  const [name = "", encoded = "", ...rest] = line.slice(SIGNATURE_LINE_START.length).split(" ");
  const bytes = decodeBase64(encoded);
  if (!isName(name) || bytes === undefined || bytes.length <= KEY_ID_LENGTH || rest.length > 0) {
    throw invalid("a signature line is malformed");
  }
  return { name, bytes };
}

function isName(name: string): boolean {
  return name !== "" && name.isWellFormed() && !NOT_IN_NAME.test(name);
}

function refuseUnfitText(text: string): void {
  if (!text.endsWith("\n")) throw invalid("its text does not end in a newline");
  if (!text.isWellFormed() || CONTROL.test(text))
    throw invalid("its text has characters that it must not have");
}

/** RFC 4648 section 4, with padding; undefined for every spelling but the one that encoding gives. */
export function decodeBase64(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, "base64");
  return bytes.toString("base64") === text ? bytes : undefined;
}

export function invalid(reason: string): CryptoError {
  return new CryptoError("CHECKPOINT_INVALID", `Refused a checkpoint: ${reason}.`);
}
