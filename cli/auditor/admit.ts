/**
 * `auditor admit --auditor A --out FILE`: the operator gives an auditor a Kafka user that reads what proves, and nothing else.
 */
import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { encodeBase64url } from "../../crypto/jws/base64url.ts";
import { putKafkaUser } from "../../infra/embedded/kafka-users.ts";
import { partsDir } from "../../infra/embedded/parts.ts";
import type { Access } from "../../schemas/json/access.ts";
import { auditorPrincipal } from "../../services/operator/access.ts";
import { operatorName } from "../../services/stack/stack.ts";
import { misuse } from "../../errors/misuse.ts";
import { withOperator } from "../operator/session.ts";
import { regionNamed, runningStack } from "../stack/running.ts";

interface Given {
  readonly auditor: string | undefined;
  readonly out: string | undefined;
  readonly region: string | undefined;
  readonly json: boolean;
}

export async function admitAuditor(given: Given): Promise<number> {
  const { auditor, out } = given;
  if (auditor === undefined || out === undefined)
    throw misuse("Name the auditor by --auditor, and the file for its access by --out.");
  const stack = runningStack();
  const region = regionNamed(stack, given.region);
  await withOperator(stack, (operator) => operator.admitAuditor(region, auditor));
  const user = { name: auditorPrincipal(auditor), password: encodeBase64url(randomBytes(24)) };
  const superUser = { name: operatorName, password: stack.passwords[operatorName] ?? "" };
  await putKafkaUser({ partsDir, bootstrap: stack.bootstrap, superUser }, user);
  const access: Access = {
    ...{ role: "auditor", id: auditor, region: region.name, registryUrl: stack.registryUrl },
    kafka: { bootstrap: stack.bootstrap, username: user.name, password: user.password },
  };
  const file = resolve(out);
  writeFileSync(file, `${JSON.stringify(access, undefined, 2)}\n`, { mode: 0o600 });
  if (given.json) console.log(JSON.stringify({ admitted: auditor, region: region.name, access: file }));
  else
    console.log(
      `  ${auditor} may read the log and the evidence of ${region.name}; its access file is ${file}`,
    );
  return 0;
}
