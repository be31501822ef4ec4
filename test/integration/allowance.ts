/**
 * What each principal of the example may do on Kafka, in full, written down a second time: by topic, not by rule.
 */
import { auditor, homeRegion, otherRegion } from "../../cli/demo/scene.ts";
import {
  auditorPrincipal,
  brokerPrincipal,
  connectorPrincipal,
  providerPrincipal,
} from "../../services/operator/access.ts";
import type { Reach } from "./reach.ts";

export interface Allowance extends Reach {
  /** What the names of its groups start with. */
  readonly groups: string;
}

/** A Kafka user without any right. */
export const stranger = "stranger";

/** By principal; `topics` are all there are. */
export function allowedTo(topics: readonly string[]): Record<string, Allowance> {
  const provider = (name: string): Allowance => ({
    read: [
      `oprf.blinded.${name}`,
      `oprf.evaluated.${name}`,
      `provider.heads.${name}`,
      `provider.notices.${name}`,
      `provider.requests.${name}`,
      `provider.state.${name}`,
      `provider.terms.${name}`,
    ].map((topic) => `${homeRegion}.${topic}`),
    write: [`${homeRegion}.ingest.${name}`, `${homeRegion}.provider.state.${name}`],
    groups: `${homeRegion}.provider.${name}.`,
  });
  const connector = (region: string): Allowance => {
    const own = topics.filter((topic) => topic.startsWith(`${region}.`));
    const parties = /\.(oprf\.(blinded|evaluated)|provider\.\w+|broker\.(terms|results))\.[a-z-]+$/;
    const told = /\.(oprf\.(blinded|evaluated)|provider\.(notices|requests|heads)|broker\.results)\.[a-z-]+$/;
    const others =
      /\.(broker\.requests|config\.(brokers|collaborations|populations|providers|restores)|log\.brought|ingest\.(northwind-health|southbank-insurance))$/;
    // For whoever asks, operates or audits: no stage goes by them.
    const unread = /\.(audit\.events|budget\.states|evidence\.bundles|match\.preimages|requests\.ended)$/;
    const shared = own.filter((topic) => !parties.test(topic));
    const read = shared.filter((topic) => !unread.test(topic));
    const write = own.filter((topic) => told.test(topic) || (shared.includes(topic) && !others.test(topic)));
    return { read, write, groups: `${region}.` };
  };
  return {
    [providerPrincipal("northwind-health")]: provider("northwind-health"),
    [providerPrincipal("southbank-insurance")]: provider("southbank-insurance"),
    [brokerPrincipal("core-broker")]: {
      read: [homeRegion, otherRegion].flatMap((region) =>
        ["broker.results.core-broker", "broker.terms.core-broker", "config.seeds", "evidence.bundles"].map(
          (topic) => `${region}.${topic}`,
        ),
      ),
      write: [homeRegion, otherRegion].map((region) => `${region}.broker.requests`),
      groups: `${homeRegion}.broker.core-broker.`,
    },
    [auditorPrincipal(auditor)]: {
      read: [homeRegion, otherRegion].flatMap((region) =>
        ["audit.events", "evidence.bundles", "proofs.anchored"].map((topic) => `${region}.${topic}`),
      ),
      write: [],
      groups: `${homeRegion}.auditor.${auditor}.`,
    },
    [stranger]: { read: [], write: [], groups: "any." },
    [connectorPrincipal(otherRegion)]: connector(otherRegion),
    [connectorPrincipal(homeRegion)]: connector(homeRegion),
  };
}
