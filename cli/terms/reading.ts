/**
 * The terms that somebody on this machine may read: the operator of the running stack all of a region's, a provider or
 * broker those that name it.
 */
import { connectKafka, type KafkaAccess } from "../../runtime/kafka/client.ts";
import { readTerms, type Terms, type TermsReader } from "../../services/clients/terms.ts";
import { openLog } from "../../runtime/log.ts";
import { openCodec } from "../../runtime/registry/codec.ts";
import { operatorName } from "../../services/stack/stack.ts";
import { misuse } from "../../errors/misuse.ts";
import { accessOf } from "../party/keys.ts";
import { regionNamed, runningStack } from "../stack/running.ts";
import { topics } from "../../pipelines/pipelines.ts";

/** Who reads, by its options. */
interface Asking {
  readonly provider?: string | undefined;
  readonly broker?: string | undefined;
  readonly region?: string | undefined;
}

export interface ReadTerms {
  readonly terms: Terms;
  readonly region: string;
  readonly reader: TermsReader;
}

/** Throws STACK_DOWN, or CONFIG_INVALID for a party without access or a region that is none. */
export async function termsAsked(asking: Asking): Promise<ReadTerms> {
  const { reader, region, kafka, registryUrl } = doorOf(asking);
  const log = openLog({ service: reader.role }, "error", "stderr");
  const client = reader.role === "operator" ? operatorName : `${reader.role}.${reader.id}`;
  const context = { kafka: connectKafka(kafka, client, log), codec: await openCodec(registryUrl, topics) };
  return { terms: await readTerms({ ...context, region, reader, log }), region, reader };
}

interface Door {
  readonly reader: TermsReader;
  readonly region: string;
  readonly kafka: KafkaAccess;
  readonly registryUrl: string;
}

function doorOf({ provider, broker, region }: Asking): Door {
  const id = provider ?? broker;
  if (id === undefined) return operatorsDoor(region);
  if (provider !== undefined && broker !== undefined) throw misuse("Give --provider or --broker, not both.");
  if (region !== undefined)
    throw misuse(
      "--region is for the operator; a provider or broker reads in the region of its access file.",
    );
  const role = provider === undefined ? "broker" : "provider";
  const access = accessOf(role, id);
  return {
    reader: { role, id },
    region: access.region,
    kafka: access.kafka,
    registryUrl: access.registryUrl,
  };
}

function operatorsDoor(named: string | undefined): Door {
  const stack = runningStack();
  const { bootstrap, registryUrl, passwords } = stack;
  const kafka = { bootstrap, username: operatorName, password: passwords[operatorName] ?? "" };
  return { reader: { role: "operator" }, region: regionNamed(stack, named).name, kafka, registryUrl };
}
