/**
 * The operator of the running stack, at work for one command.
 */
import { pipelines, topics } from "../../pipelines/pipelines.ts";
import { connectKafka } from "../../runtime/kafka/client.ts";
import { openLog } from "../../runtime/log.ts";
import { openCodec } from "../../runtime/registry/codec.ts";
import { Operator } from "../../services/operator/operator.ts";
import { operatorName } from "../../services/stack/stack.ts";
import type { KnownStack } from "../stack/running.ts";

export async function withOperator<T>(
  { bootstrap, registryUrl, passwords }: KnownStack,
  work: (operator: Operator) => Promise<T>,
): Promise<T> {
  const log = openLog({ service: "operator" }, "silent");
  const access = { bootstrap, username: operatorName, password: passwords[operatorName] ?? "" };
  const kafka = connectKafka(access, operatorName, log);
  const operator = await Operator.connect({
    ...{ kafka, pipelines, log },
    codec: await openCodec(registryUrl, topics),
  });
  try {
    return await work(operator);
  } finally {
    await operator.disconnect();
  }
}
