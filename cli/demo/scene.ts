/**
 * The demo's scene, which the integration tests set as well: two regions, two providers with their agents, a broker,
 * and the signed population and collaboration between them.
 */
import { digestOf } from "../../crypto/jws/canonical.ts";
import type { Ed25519Key } from "../../crypto/jws/ed25519.ts";
import type { PartProcess } from "../../infra/embedded/process.ts";
import type { Parts } from "../../infra/parts.ts";
import { errorCodeOr, PavilionError } from "../../errors/errors.ts";
import type { Log } from "../../runtime/log.ts";
import type { SignedRequest } from "../../schemas/avro/index.ts";
import type { Collaboration } from "../../schemas/json/collaboration.ts";
import type { Population } from "../../schemas/json/population.ts";
import { openBrokerClient, type BrokerClient } from "../../services/clients/broker/client.ts";
import { newRequest, signRequest, type Asked } from "../../services/clients/broker/request.ts";
import type { TrustedNames } from "../../services/operator/trust.ts";
import { brokerPrincipal } from "../../services/operator/access.ts";
import { agree, agreeOnPopulation, makeBroker, makeProvider } from "../../services/stack/parties.ts";
import { followLines } from "../../services/stack/log-lines.ts";
import { Stack } from "../../services/stack/stack.ts";
import { collaborationTemplate, populationTemplate } from "../../examples/example.ts";

export const homeRegion = "eu-central";
export const otherRegion = "us-east";
const broker = "core-broker";
export const auditor = "auditor";
const partitions = 2;

export interface Scene {
  readonly stack: Stack;
  readonly population: Population;
  readonly collaboration: Collaboration;
  readonly brokerKey: Ed25519Key;
}

export interface SceneOptions {
  /** What becomes of the example's collaboration before it is signed. */
  readonly amend?: (template: Collaboration) => Collaboration;
  /** The same of its population. */
  readonly amendPopulation?: (template: Population) => Population;
  /** As StackPlan's. */
  readonly users?: readonly string[];
  /** As StackPlan's. */
  readonly parts?: Parts;
}

/** Starts the parts and has the providers sign; connectors and agents are started by whoever sets the scene. */
export async function setScene(dir: string, log: Log, options: SceneOptions = {}): Promise<Scene> {
  const { amend, amendPopulation = (example: Population) => example, ...plan } = options;
  const example = collaborationTemplate();
  const template = amend?.(example) ?? example;
  const providers = template.providers.map((provider) => provider.id);
  const stack = await Stack.start({
    dir,
    regions: [
      { name: homeRegion, jurisdiction: "EU", partitions },
      { name: otherRegion, jurisdiction: "US", partitions },
    ],
    providers,
    brokers: [broker],
    auditors: [auditor],
    ...plan,
    log,
  });
  try {
    const brokerKey = await makeBroker(stack, broker);
    const keys = new Map([[broker, brokerKey]]);
    for (const provider of providers) keys.set(provider, await makeProvider(stack, provider));
    const people = await agreeOnPopulation(
      amendPopulation(populationTemplate()),
      stack.cardOf(homeRegion),
      keys,
    );
    const entry = await agree(template, keys);
    for (const name of [homeRegion, otherRegion]) {
      await stack.operator.publishPopulation({ name, partitions }, people, stack.cardOf(name));
      await stack.operator.publishCollaboration({ name, partitions }, entry);
    }
    return {
      stack,
      population: JSON.parse(people.document) as Population,
      collaboration: JSON.parse(entry.document) as Collaboration,
      brokerKey,
    };
  } catch (error) {
    await stack.stop();
    throw error;
  }
}

/** Who takes part, as a trust file names them. */
export const trustedIn = ({ population, collaboration }: Scene): TrustedNames => ({
  brokers: collaboration.brokers,
  providers: collaboration.providers,
  populations: [{ id: population.id, digests: [digestOf(population)] }],
});

/** Has every provider push its file; `tell` hears each line of each agent. The sender's agent serves meanwhile. */
export async function pushAll(
  scene: Scene,
  files: ReadonlyMap<string, string>,
  tell: (provider: string, line: string) => void,
): Promise<void> {
  const { stack, collaboration } = scene;
  const { sender } = collaboration.matching;
  const serving = await stack.keepServing(sender, homeRegion, (_, sentence) => {
    tell(sender, sentence);
  });
  try {
    const pushes = collaboration.providers.map(async ({ id }) => {
      const args = ["push", "--collaboration", collaboration.id, files.get(id) ?? ""];
      await finish(await stack.startAgent(id, homeRegion, args), (line) => {
        tell(id, line);
      });
    });
    await Promise.all(pushes);
  } finally {
    await serving.stop();
  }
}

/** A broker client in a region; the two regions' topics are told apart by prefix. */
export function connectBroker(scene: Scene, region: string, log: Log): Promise<BrokerClient> {
  const { stack } = scene;
  return openBrokerClient({
    broker,
    region,
    kafka: stack.access(brokerPrincipal(broker)),
    registryUrl: stack.registryUrl,
    log,
  });
}

/** A fresh request under the newest seed of the client's region, signed by the broker. */
export async function signFresh(scene: Scene, client: BrokerClient, draft: Asked): Promise<SignedRequest> {
  return signRequest(newRequest(draft, await client.newestSeed()), scene.brokerKey.sign);
}

/** Throws what the agent says it failed of, under its own code. */
async function finish(process: PartProcess, tell: (line: string) => void): Promise<void> {
  const failures: PavilionError[] = [];
  const told = followLines(process.logFile, (line) => {
    failures.push(...failureIn(line));
    tell(line);
  });
  const ending = await process.exited;
  told();
  if (ending === "exit code 0") return;
  const unexplained = new PavilionError(
    "PUSH_REJECTED",
    `${process.name} ended with ${ending}.`,
    `See ${process.logFile}.`,
  );
  throw failures.at(-1) ?? unexplained;
}

/** The failure that an agent's line tells, where it tells one. */
function failureIn(line: string): PavilionError[] {
  if (!line.startsWith('{"error":')) return [];
  const { error } = JSON.parse(line) as { error: { code?: string; message: string; remedy?: string } };
  const { code = "", message, remedy } = error;
  return [new PavilionError(errorCodeOr(code, "PUSH_REJECTED"), message, remedy)];
}
