/**
 * The settings of the embedded Kafka: one node, broker and controller in one JVM (KRaft), its
 * controller on the loopback address alone.
 *
 * Nobody is let in unnamed. Clients log in by SCRAM-SHA-512, and what no ACL allows is refused. The
 * controller's listener cannot use SCRAM, whose credentials lie in the log that the controller itself
 * serves; it takes PLAIN with a random password that only this node knows. Both internal principals are
 * super users, so their passwords and the file that these settings go to are for the owner's eyes only (mode
 * 0600).
 *
 * There is one replica: what was acknowledged survives the end of the process, not the loss of the disk.
 */
export interface KafkaPorts {
  readonly client: number;
  readonly controller: number;
  /**
   * A second listener for clients, which tells them to come back at another port of the loopback address: whoever stands
   * there in between sees all that they say. Tests put their faults there.
   */
  readonly proxied?: { readonly listening: number; readonly advertised: number };
}

/** Where clients find a part. */
export interface Place {
  /** The address that it listens on. */
  readonly listenOn: string;
  /** The host that it tells its clients to come back to. */
  readonly host: string;
}

/** Reached from this machine alone. */
export const loopback: Place = { listenOn: "127.0.0.1", host: "127.0.0.1" };

export interface InternalPasswords {
  readonly broker: string;
  readonly controller: string;
}

/** The node's own principals: no client may bear these names. */
export const internalUsers = { broker: "pavilion-broker", controller: "pavilion-controller" } as const;

const logins = {
  plain: "org.apache.kafka.common.security.plain.PlainLoginModule",
  scram: "org.apache.kafka.common.security.scram.ScramLoginModule",
} as const;

function login(module: string, user: string, password: string, accepted = ""): string {
  return `${module} required username="${user}" password="${password}"${accepted};`;
}

/** Clients alone log in there: the node itself never does. */
const proxiedLogin: Readonly<Record<string, string>> = {
  "listener.name.proxied.sasl.enabled.mechanisms": "SCRAM-SHA-512",
  "listener.name.proxied.scram-sha-512.sasl.jaas.config": `${logins.scram} required;`,
};

const at = (listener: string, host: string, port: number): string => `${listener}://${host}:${String(port)}`;

function listeners(ports: KafkaPorts, passwords: InternalPasswords, place: Place): Record<string, string> {
  const { broker, controller } = internalUsers;
  const { proxied } = ports;
  const accepted = ` user_${controller}="${passwords.controller}"`;
  const { listenOn, host } = place;
  const listening = [at("CLIENT", listenOn, ports.client), at("CONTROLLER", "127.0.0.1", ports.controller)];
  const advertised = [at("CLIENT", host, ports.client)];
  if (proxied !== undefined) {
    listening.push(at("PROXIED", listenOn, proxied.listening));
    advertised.push(at("PROXIED", host, proxied.advertised));
  }
  return {
    listeners: listening.join(","),
    "advertised.listeners": advertised.join(","),
    "listener.security.protocol.map": ["CLIENT", "CONTROLLER", "PROXIED"]
      .map((listener) => `${listener}:SASL_PLAINTEXT`)
      .join(","),
    ...(proxied === undefined ? {} : proxiedLogin),
    "controller.listener.names": "CONTROLLER",
    "inter.broker.listener.name": "CLIENT",
    "sasl.mechanism.inter.broker.protocol": "SCRAM-SHA-512",
    "sasl.mechanism.controller.protocol": "PLAIN",
    "listener.name.client.sasl.enabled.mechanisms": "SCRAM-SHA-512",
    "listener.name.client.scram-sha-512.sasl.jaas.config": login(logins.scram, broker, passwords.broker),
    "listener.name.controller.sasl.enabled.mechanisms": "PLAIN",
    "listener.name.controller.plain.sasl.jaas.config": login(
      logins.plain,
      controller,
      passwords.controller,
      accepted,
    ),
  };
}

function authorization(superUser: string): Record<string, string> {
  const superUsers = [superUser, internalUsers.broker, internalUsers.controller];
  return {
    "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
    "allow.everyone.if.no.acl.found": "false",
    "super.users": superUsers.map((user) => `User:${user}`).join(";"),
    "auto.create.topics.enable": "false",
  };
}

/** Internal topics with one replica and few partitions, so that they are made and loaded quickly. */
const internalTopics: Readonly<Record<string, string>> = {
  "offsets.topic.replication.factor": "1",
  "offsets.topic.num.partitions": "8",
  "transaction.state.log.replication.factor": "1",
  "transaction.state.log.min.isr": "1",
  "transaction.state.log.num.partitions": "8",
  "share.coordinator.state.topic.replication.factor": "1",
  "share.coordinator.state.topic.min.isr": "1",
  "share.coordinator.state.topic.num.partitions": "1",
  "default.replication.factor": "1",
  "min.insync.replicas": "1",
};

const behaviour: Readonly<Record<string, string>> = {
  // Time is the broker's, so that no client chooses when its record happened.
  "log.message.timestamp.type": "LogAppendTime",
  "group.initial.rebalance.delay.ms": "0",
  // An abandoned transaction holds up every read_committed reader of its partitions.
  "transaction.max.timeout.ms": "60000",
  "transaction.abort.timed.out.transaction.cleanup.interval.ms": "1000",
  "log.cleaner.enable": "true",
  // The default of 128 MiB is a quarter of the heap.
  "log.cleaner.dedupe.buffer.size": "16777216",
  "num.network.threads": "2",
  "num.io.threads": "4",
  "background.threads": "4",
};

/** The text of server.properties. It holds passwords. */
export function serverProperties(settings: {
  /** Relative to the folder that Kafka runs in: a comma in a path would begin another one. */
  readonly dataDir: string;
  readonly ports: KafkaPorts;
  readonly passwords: InternalPasswords;
  readonly superUser: string;
  readonly place: Place;
}): string {
  const properties = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.quorum.voters": `1@127.0.0.1:${String(settings.ports.controller)}`,
    "log.dirs": settings.dataDir,
    ...listeners(settings.ports, settings.passwords, settings.place),
    ...authorization(settings.superUser),
    ...internalTopics,
    ...behaviour,
  };
  return Object.entries(properties)
    .map(([name, value]) => `${name}=${value.replaceAll("\\", "\\\\")}\n`)
    .join("");
}
