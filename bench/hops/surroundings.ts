/**
 * One broker and one schema registry for everybody who is measured, and a user who may do everything: nobody's figures
 * differ by rights.
 */
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { createTopics } from "../../runtime/kafka/admin.ts";
import { startKafka } from "../../infra/embedded/kafka.ts";
import { partsDir } from "../../infra/embedded/parts.ts";
import { startRegistry } from "../../infra/embedded/registry.ts";
import { connectKafka, type KafkaAccess } from "../../runtime/kafka/client.ts";
import type { Log } from "../../runtime/log.ts";
import { topicsIn } from "./chain.ts";

export interface Surroundings {
  readonly access: KafkaAccess;
  readonly registryUrl: string;
  /** Makes the chain's topics. */
  readonly openRegion: (region: string, partitions: number) => Promise<void>;
  readonly stop: () => Promise<void>;
}

export async function startSurroundings(dir: string, log: Log): Promise<Surroundings> {
  const superUser = { name: "bench", password: randomBytes(24).toString("base64url") };
  await using cleanup = new AsyncDisposableStack();
  const starting = startRegistry({ dir: join(dir, "registry"), partsDir });
  cleanup.defer(async () => (await starting.catch(() => undefined))?.stop());
  const kafka = await startKafka({ dir: join(dir, "kafka"), partsDir, superUser, users: [] });
  cleanup.defer(() => kafka.stop());
  const registry = await starting;
  const access = { bootstrap: kafka.bootstrap, username: superUser.name, password: superUser.password };
  const client = connectKafka(access, "bench", log);
  const parts = cleanup.move();
  return {
    access,
    registryUrl: registry.url,
    async openRegion(region, partitions) {
      const admin = client.admin();
      await admin.connect();
      try {
        await createTopics(admin, topicsIn(region, partitions));
      } finally {
        await admin.disconnect();
      }
    },
    stop: () => parts.disposeAsync(),
  };
}
