/**
 * `provider revoke P`, `broker revoke B`: the operator cuts a party off, in every region of the stack. Its standing ends
 * first, then its rights, at the next request of a connection that is open; then its Kafka user. Each step may be repeated.
 */
import { dropKafkaUser } from "../../infra/embedded/kafka-users.ts";
import { partsDir } from "../../infra/embedded/parts.ts";
import { PavilionError } from "../../errors/errors.ts";
import { brokerPrincipal, providerPrincipal } from "../../services/operator/access.ts";
import { operatorName } from "../../services/stack/stack.ts";
import type { Role } from "../home.ts";
import { shell } from "../../runtime/shell.ts";
import { misuse } from "../../errors/misuse.ts";
import { withOperator } from "../operator/session.ts";
import { runningStack } from "../stack/running.ts";
import { cardsIn } from "../trust/trust.ts";

export async function revoke(
  role: Role,
  parties: readonly string[],
  { json }: { readonly json: boolean },
): Promise<number> {
  const [id, ...more] = parties;
  if (id === undefined || more.length > 0) throw misuse(`Name one ${role} to revoke.`);
  const stack = runningStack();
  const card = cardsIn(stack.folder).find((known) => known.role === role && known.id === id);
  if (card === undefined) {
    throw new PavilionError(
      "CONFIG_INVALID",
      `No ${role} of this name was admitted here.`,
      `Name a ${role} that was admitted; who takes part, the trust file lists: ./pavilion trust.`,
    );
  }
  const { regions, bootstrap, passwords } = stack;
  await withOperator(stack, (operator) =>
    role === "provider" ? operator.revokeProvider(regions, id) : operator.revokeBroker(regions, id, card.key),
  );
  const superUser = { name: operatorName, password: passwords[operatorName] ?? "" };
  const user = role === "provider" ? providerPrincipal(id) : brokerPrincipal(id);
  await dropKafkaUser({ partsDir, bootstrap, superUser }, user);
  const names = regions.map(({ name }) => name);
  if (json) console.log(JSON.stringify({ revoked: id, role, regions: names }));
  else for (const line of revokedLines(role, id, names)) console.log(`  ${line}`);
  return 0;
}

const revokedLines = (role: Role, id: string, regions: readonly string[]): string[] => [
  `${id} is revoked as a ${role}: it is in force in ${regions.join(", ")}`,
  "its Kafka user is deleted, and connections that it still has may do nothing more",
  ...(role === "provider"
    ? [
        "nothing that it wrote is read any more, and questions over its data are refused: PROVIDER_REVOKED",
        "what it pushed stays where it is, and what was answered before stays provable",
      ]
    : ["its requests are refused: BROKER_REVOKED; what it asked before stays answered, paid and provable"]),
  `${shell`./pavilion ${role} admit`} CARD lets it in again, with a new password`,
];
