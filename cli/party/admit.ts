/**
 * `provider admit CARD`, `broker admit CARD`: the operator lets a party in, with a Kafka user, topics and ACLs of its own,
 * and writes its access file, which goes to the party alone.
 */
import { randomBytes } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { encodeBase64url } from "../../crypto/jws/base64url.ts";
import { putKafkaUser } from "../../infra/embedded/kafka-users.ts";
import { partsDir } from "../../infra/embedded/parts.ts";
import { PavilionError } from "../../errors/errors.ts";
import { shell } from "../../runtime/shell.ts";
import type { Access } from "../../schemas/json/access.ts";
import type { Card } from "../../schemas/json/card.ts";
import { brokerPrincipal, providerPrincipal } from "../../services/operator/access.ts";
import { operatorName } from "../../services/stack/stack.ts";
import type { Role } from "../home.ts";
import { misuse } from "../../errors/misuse.ts";
import { withOperator } from "../operator/session.ts";
import { regionNamed, runningStack, type KnownStack } from "../stack/running.ts";
import { cardsIn, rememberCard, writeTrust } from "../trust/trust.ts";
import { readCard } from "./keys.ts";

interface Given {
  readonly region: string | undefined;
  readonly out: string | undefined;
  readonly json: boolean;
}

export async function admit(role: Role, cards: readonly string[], given: Given): Promise<number> {
  const [file, ...more] = cards;
  if (file === undefined || more.length > 0) throw misuse("Name one card.");
  const card = readCard(file);
  if (card.role !== role) {
    throw new PavilionError(
      "CONFIG_INVALID",
      `${file} is a ${card.role}'s card.`,
      shell`./pavilion ${card.role} admit ${file}`,
    );
  }
  const stack = runningStack();
  const isAgain = knownCard(card, stack) !== undefined;
  const region = regionNamed(stack, given.region);
  const user = {
    name: role === "provider" ? providerPrincipal(card.id) : brokerPrincipal(card.id),
    password: encodeBase64url(randomBytes(24)),
  };
  const superUser = { name: operatorName, password: stack.passwords[operatorName] ?? "" };
  await putKafkaUser({ partsDir, bootstrap: stack.bootstrap, superUser }, user);
  await withOperator(stack, async (operator) => {
    if (role === "provider") await operator.admitProvider(region, card.id);
    else await operator.admitBroker(region, card.id, card.key);
  });
  rememberCard(stack.folder, card);
  const access: Access = {
    ...{ role, id: card.id, region: region.name, registryUrl: stack.registryUrl },
    kafka: { bootstrap: stack.bootstrap, username: user.name, password: user.password },
  };
  const out = resolve(given.out ?? join(dirname(file), "access.json"));
  mkdirSync(dirname(out), { recursive: true, mode: 0o700 });
  writeFileSync(out, `${JSON.stringify(access, undefined, 2)}\n`, { mode: 0o600 });
  const trust = await writeTrust();
  if (given.json) console.log(JSON.stringify({ admitted: card.id, region: region.name, access: out, trust }));
  else {
    console.log(`  ${card.id} may take part in ${region.name} as a ${role}`);
    console.log(`  its access file is ${out}: it holds a password, and is for ${card.id} alone`);
    if (isAgain)
      console.log("  the password is new: earlier access files no longer work, so restart its agent");
  }
  return 0;
}

/**
 * The card under which the party was admitted before. A name stands for one key: another key under it is an imposter's, or
 * a party that lost its keys. Throws CONFIG_INVALID.
 */
function knownCard(card: Card, { folder }: KnownStack): Card | undefined {
  const known = cardsIn(folder).find(({ role, id }) => role === card.role && id === card.id);
  if (known === undefined || known.key === card.key) return known;
  throw new PavilionError(
    "CONFIG_INVALID",
    `${card.id} was admitted with another key.`,
    "Compare the keys with the party; whoever lost its keys takes part under a new name.",
  );
}
