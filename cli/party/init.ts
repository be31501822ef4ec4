/**
 * `provider init`, `broker init`: makes a party's keys, beside its data.
 */
import { parseArgs } from "node:util";
import { shell } from "../../runtime/shell.ts";
import type { Role } from "../home.ts";
import { misuse } from "../../errors/misuse.ts";
import { filesOf, makeParty, readCard } from "./keys.ts";

export async function init(role: Role, args: string[]): Promise<number> {
  const text = { type: "string" } as const;
  const { values } = parseArgs({
    args,
    options: { [role]: text, "passphrase-file": text, json: { type: "boolean" } },
  });
  const id = values[role];
  if (typeof id !== "string") throw misuse(`--${role} names whose keys are to be made.`);
  const given = values["passphrase-file"];
  const card = await makeParty(role, id, typeof given === "string" ? given : undefined);
  const files = filesOf(role, id);
  if (values.json === true) {
    console.log(JSON.stringify({ card, files }));
    return 0;
  }
  console.log(`  ${id}'s keys are in ${files.keystore}, sealed under the passphrase in ${files.passphrase}`);
  console.log(`  its public key is ${card.key}`);
  console.log(shell`  next: ./pavilion ${role} admit ${files.card}`);
  return 0;
}

/** `provider key`, `broker key`: prints the public key that collaborations pin. */
export function key(role: Role, args: string[]): Promise<number> {
  const { values } = parseArgs({ args, options: { [role]: { type: "string" }, json: { type: "boolean" } } });
  const id = values[role];
  if (typeof id !== "string") throw misuse(`--${role} names whose key is meant.`);
  const card = readCard(filesOf(role, id).card);
  console.log(values.json === true ? JSON.stringify({ [role]: id, key: card.key }) : card.key);
  return Promise.resolve(0);
}
