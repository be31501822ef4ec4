/**
 * `provider init`, `broker init`: makes a party's keys, beside its data.
 */
import { shell } from "../../runtime/shell.ts";
import type { Role } from "../home.ts";
import { misuse } from "../../errors/misuse.ts";
import { filesOf, makeParty, readCard } from "./keys.ts";

interface Given {
  readonly "passphrase-file": string | undefined;
  readonly json: boolean;
}

export async function init(role: Role, id: string | undefined, given: Given): Promise<number> {
  if (id === undefined) throw misuse(`Say whose keys are to be made: --${role} NAME.`);
  const card = await makeParty(role, id, given["passphrase-file"]);
  const files = filesOf(role, id);
  if (given.json) {
    console.log(JSON.stringify({ card, files }));
    return 0;
  }
  console.log(`  ${id}'s keys are in ${files.keystore}, sealed under the passphrase in ${files.passphrase}`);
  console.log(`  its public key is ${card.key}`);
  console.log(shell`  next: ./pavilion ${role} admit ${files.card}`);
  return 0;
}

/** `provider key`, `broker key`: prints the public key that collaborations pin. */
export function key(role: Role, id: string | undefined, { json }: Pick<Given, "json">): number {
  if (id === undefined) throw misuse(`Say whose key is meant: --${role} NAME.`);
  const card = readCard(filesOf(role, id).card);
  console.log(json ? JSON.stringify({ [role]: id, key: card.key }) : card.key);
  return 0;
}
