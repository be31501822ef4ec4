/**
 * A party's own files: its keystore, the passphrase that opens it, its card, and the access that an operator gave it.
 */
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { encodeBase64url } from "../../crypto/jws/base64url.ts";
import { validateOwn } from "../../schemas/reading/validate.ts";
import { readConfig, readSecret } from "../../runtime/config.ts";
import { PavilionError } from "../../errors/errors.ts";
import { shell } from "../../runtime/shell.ts";
import { readJson } from "../../runtime/text-file.ts";
import type { Access } from "../../schemas/json/access.ts";
import type { Card } from "../../schemas/json/card.ts";
import { createFile, removeLeftOvers, replaceFile } from "../../services/keystore/atomic-file.ts";
import { takeOwnership } from "../../services/keystore/owner-lock.ts";
import { initBroker, initProvider, openBroker, openProvider } from "../../services/keystore/parties.ts";
import { partiesHere, partyFolder, type Role } from "../home.ts";
import { requireUp } from "../stack/running.ts";

export interface PartyFiles {
  readonly folder: string;
  readonly keystore: string;
  readonly passphrase: string;
  readonly card: string;
  readonly access: string;
}

export function filesOf(role: Role, id: string): PartyFiles {
  const folder = partyFolder(role, id);
  const file = (name: string): string => join(folder, name);
  return {
    folder,
    keystore: file("keystore.json"),
    passphrase: file("passphrase"),
    card: file("card.json"),
    access: file("access.json"),
  };
}

/**
 * Makes a party's keys under a passphrase of its own, from a file where it is given, and its card. What an earlier run has
 * made that did not come to its end is kept and gone on from. Throws CONFIG_INVALID where the party has a card
 * already, or a passphrase other than the one given; KEYSTORE_UNREADABLE where the kept keys do not open.
 */
export async function makeParty(role: Role, id: string, passphraseFile?: string): Promise<Card> {
  const files = filesOf(role, id);
  using _owned = await takeOwnership(join(files.folder, "keys.lock"), `the keys of ${id}`, { wait: true });
  for (const file of [files.keystore, files.passphrase, files.card]) await removeLeftOvers(`${file}.`);
  const hasKeys = existsSync(files.keystore);
  if (existsSync(files.card)) throw hasKeys ? madeAlready(role, id, files) : keysGone(role, id, files);
  const given = passphraseFile === undefined ? undefined : readSecret(passphraseFile);
  const kept = existsSync(files.passphrase) ? readSecret(files.passphrase) : undefined;
  if (given !== undefined && kept !== undefined && given !== kept) {
    throw new PavilionError(
      "CONFIG_INVALID",
      `The ${role} ${id} has another passphrase already, in ${files.passphrase}.`,
      "Leave --passphrase-file out, to go on with the one that is there.",
    );
  }
  const passphrase = kept ?? given ?? (hasKeys ? undefined : encodeBase64url(randomBytes(24)));
  if (passphrase === undefined) {
    throw new PavilionError(
      "CONFIG_INVALID",
      `The passphrase of the ${role} ${id}'s keys is gone from ${files.passphrase}.`,
      "Give it by --passphrase-file.",
    );
  }
  const keepPassphrase = async (): Promise<void> => {
    if (kept === undefined) await createFile(files.passphrase, passphrase);
  };
  // Before keys are made, so that none are ever sealed under a passphrase that is lost; of kept ones once it opens them.
  if (!hasKeys) await keepPassphrase();
  const key = await (hasKeys ? publicKeyIn : madeKey)(role, files.keystore, passphrase);
  if (hasKeys) await keepPassphrase();
  const card: Card = { type: "pavilion/card", role, id, key };
  await replaceFile(files.card, [`${JSON.stringify(card, undefined, 2)}\n`]);
  return card;
}

const madeAlready = (role: Role, id: string, { folder }: PartyFiles): PavilionError =>
  new PavilionError(
    "CONFIG_INVALID",
    `The ${role} ${id} has keys already, in ${folder}.`,
    "Use them, or choose another name: keys are never overwritten.",
  );

/** Others pin the card's key: new keys under the same name would be another party. */
const keysGone = (role: Role, id: string, { card, keystore }: PartyFiles): PavilionError =>
  new PavilionError(
    "CONFIG_INVALID",
    `The ${role} ${id} has a card, ${card}, but its keys are gone from ${keystore}.`,
    "Put the keystore back, or choose another name.",
  );

async function madeKey(role: Role, keystore: string, passphrase: string): Promise<string> {
  const make = role === "provider" ? initProvider : initBroker;
  return (await make(keystore, passphrase)).identityKey;
}

/** The public key of a party's keystore, base64url. */
async function publicKeyIn(role: Role, keystore: string, passphrase: string): Promise<string> {
  const { publicKey } =
    role === "provider"
      ? (await openProvider(keystore, passphrase)).identity
      : await openBroker(keystore, passphrase);
  return encodeBase64url(publicKey);
}

/** A party's keystore, and the passphrase that opens it. Throws CONFIG_INVALID where it has none here. */
export function keysOf(role: Role, id: string): { readonly keystore: string; readonly passphrase: string } {
  const { folder, keystore, passphrase } = filesOf(role, id);
  if (existsSync(keystore)) return { keystore, passphrase: readSecret(passphrase) };
  throw new PavilionError(
    "CONFIG_INVALID",
    `The ${role} ${id} has no keys in ${folder}.`,
    `${othersHere(role)}Check the name, or make keys by ${shell`./pavilion ${role} init`} --${role} ${id}.`,
  );
}

/** In front of advice for somebody who gave a name that is not here. */
function othersHere(role: Role): string {
  const names = partiesHere(role);
  return names.length === 0 ? "" : `Keys are here of the ${role}s ${names.join(", ")}. `;
}

/** Throws DOCUMENT_INVALID, or CONFIG_INVALID where there is no such file. */
export function readCard(file: string): Card {
  if (!existsSync(file)) {
    throw new PavilionError(
      "CONFIG_INVALID",
      `There is no card ${file}.`,
      "Check the name or path; ./pavilion provider init, or broker init, makes a card.",
    );
  }
  const remedy = "Name the card.json that ./pavilion provider init, or broker init, made.";
  return validateOwn("card", readJson(file, "DOCUMENT_INVALID"), file, remedy);
}

/** Throws CONFIG_INVALID where the party was not admitted, or its access is not its own; STACK_DOWN. */
export function accessOf(role: Role, id: string): Access {
  const { access: file, card } = filesOf(role, id);
  if (!existsSync(file)) {
    throw new PavilionError(
      "CONFIG_INVALID",
      `The ${role} ${id} has no access file ${file}.`,
      `${othersHere(role)}Make its keys by ${shell`./pavilion ${role} init`}, then have the operator run ${shell`./pavilion ${role} admit ${card}`}.`,
    );
  }
  const access = readConfig("access", file);
  if (access.role !== role || access.id !== id) {
    throw new PavilionError("CONFIG_INVALID", `The access file ${file} is another party's.`);
  }
  requireUp(access.kafka.bootstrap);
  return access;
}
