import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, test } from "node:test";
import avsc from "avsc";
import { openCodec, type Codec } from "./codec.ts";
import { fullName, schemaText } from "../../schemas/reading/avro-schemas.ts";
import { SubjectVersions } from "./subject-versions.ts";
import { topics } from "../../pipelines/pipelines.ts";

/**
 * As much of a registry as the codec speaks to: equal schemas share an id across subjects, no compatibility is checked,
 * and it can be away.
 */
class Registry {
  readonly schemas: string[] = [];
  readonly subjects = new Map<string, number[]>();
  readonly asked: string[] = [];
  away = false;
  readonly #server: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const path = decodeURIComponent(request.url ?? "");
      this.asked.push(`${request.method ?? ""} ${path}`);
      const body = Buffer.concat(chunks).toString();
      const answer = this.away ? undefined : this.#answer(request.method, path, body);
      response.statusCode = this.away ? 503 : answer === undefined ? 404 : 200;
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify(answer ?? { error_code: 40403, message: "no" }));
    });
  });

  async open(): Promise<void> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
  }

  get url(): string {
    return `http://127.0.0.1:${String((this.#server.address() as AddressInfo).port)}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }

  register(subject: string, schema: string): number {
    if (!this.schemas.includes(schema)) this.schemas.push(schema);
    const id = this.schemas.indexOf(schema) + 1;
    const ids = this.subjects.get(subject) ?? [];
    this.subjects.set(subject, ids);
    if (!ids.includes(id)) ids.push(id);
    return id;
  }

  #answer(method: string | undefined, path: string, body: string): unknown {
    const [, first, second = "", third, fourth] = path.split("/");
    if (first === "config") return method === "PUT" ? (JSON.parse(body) as object) : undefined;
    if (first === "schemas") {
      const schema = this.schemas[Number(third) - 1];
      return schema === undefined ? undefined : { schema };
    }
    if (method === "POST") {
      return { id: this.register(second, (JSON.parse(body) as { schema: string }).schema) };
    }
    const ids = this.subjects.get(second);
    if (fourth === undefined) return ids?.map((_, index) => index + 1);
    const id = ids?.[Number(fourth) - 1];
    return id === undefined ? undefined : { subject: second, version: Number(fourth), id };
  }
}

const registry = new Registry();
let codec: Codec;

before(async () => {
  await registry.open();
  codec = await openCodec(registry.url, topics);
});

after(() => registry.close());

const tick = { worker: "w", stages: ["psi"] };
const unreadable = { code: "EVENT_UNREADABLE" };
const lookups = (subject: string): number =>
  registry.asked.filter((line) => line === `GET /subjects/${subject}/versions`).length;

/** The event's schema with one field more, as a later version has it. */
function laterSchema(event: "Tick" | "Notice", field: string): string {
  const schema = JSON.parse(schemaText(event)) as { fields: object[] };
  schema.fields.push({ name: field, type: "string", default: "" });
  return JSON.stringify(schema);
}

function framed(id: number, payload: Uint8Array): Buffer {
  const head = Buffer.alloc(5);
  head.writeInt32BE(id, 1);
  return Buffer.concat([head, payload]);
}

const written = (schema: string, value: unknown): Buffer =>
  avsc.Type.forSchema(JSON.parse(schema) as avsc.Schema).toBuffer(value);

test("an event comes back, without another word to the registry", async () => {
  const bytes = await codec.encode("clock.ticks", "Tick", tick);
  const before = registry.asked.length;
  assert.deepEqual(await codec.decode("clock.ticks", "Tick", bytes), tick);
  assert.equal(registry.asked.length, before);
});

test("reads what a later version under the event's subject wrote", async () => {
  const schema = laterSchema("Tick", "later");
  const id = registry.register(fullName("Tick"), schema);
  const bytes = framed(id, written(schema, { ...tick, later: "x" }));
  assert.deepEqual(await codec.decode("clock.ticks", "Tick", bytes), tick);
});

test("refuses a schema of the event's name that stands under another subject", async () => {
  const schema = laterSchema("Notice", "planted");
  const id = registry.register("planted", schema);
  const notice = { provider: "p", collaboration: "c", dataset: "d", batch: 1, kind: "accepted", rows: [] };
  const bytes = framed(id, written(schema, { ...notice, planted: "x" }));
  await assert.rejects(codec.decode("provider.notices.<provider>", "Notice", bytes), unreadable);
});

test("refuses another event's schema, an id that nobody registered, and no Confluent framing", async () => {
  const other = await codec.encodePlain("BrokerEntry", { broker: "b", key: null, admitted: true });
  await assert.rejects(codec.decode("clock.ticks", "Tick", other), unreadable);
  const { schemas } = registry;
  for (const id of [0, -1, schemas.length + 1]) {
    await assert.rejects(
      codec.decodePlain("Tick", framed(id, written(schemaText("Tick"), tick))),
      unreadable,
    );
  }
  for (const bytes of [Buffer.alloc(0), Buffer.alloc(4), Buffer.from("0100000001", "hex")]) {
    await assert.rejects(codec.decodePlain("Tick", bytes), unreadable);
  }
});

test("a registry that is away is no fault of the record", async () => {
  const schema = laterSchema("Notice", "unseen");
  const id = registry.register(fullName("Notice"), schema);
  const notice = {
    ...{ provider: "p", collaboration: "c", dataset: "d", batch: 1, kind: "accepted", rows: [] },
    ...{ code: null, message: null, push: "", document: "" },
  };
  const bytes = framed(id, written(schema, { ...notice, unseen: "x" }));
  const fresh = await openCodec(registry.url, topics);
  registry.away = true;
  await assert.rejects(
    fresh.decodePlain("Notice", bytes),
    (error) => !(error instanceof Error && "code" in error),
  );
  registry.away = false;
  assert.deepEqual(await fresh.decodePlain("Notice", bytes), notice);
});

test("refuses a count of items that are not there before it makes room for them", async () => {
  const bytes = await codec.encodePlain("Tick", { worker: "w", stages: [] });
  const count = avsc.Type.forSchema("long").toBuffer(2 ** 30);
  const before = process.memoryUsage().rss;
  await assert.rejects(codec.decodePlain("Tick", Buffer.concat([bytes.subarray(0, -1), count])), unreadable);
  const grown = process.memoryUsage().rss - before;
  assert.ok(grown < 2 ** 30, `a billion items would take gigabytes; ${String(grown)} bytes were taken`);
  await assert.rejects(codec.decodePlain("Tick", Buffer.concat([bytes, Buffer.alloc(1)])), unreadable);
});

test("asks for a subject's versions once in two seconds, whatever ids are made up", async () => {
  const subject = "pavilion.Asked";
  const time = { now: 0 };
  const first = registry.register(subject, `"a"`);
  const versions = new SubjectVersions(registry.url, subject, first, () => time.now);
  assert.equal(await versions.has(first), true);
  assert.equal(lookups(subject), 0);
  const answers = await Promise.all([7_001, 7_002, 7_003].map((id) => versions.has(id)));
  assert.deepEqual(answers, [false, false, false]);
  assert.equal(await versions.has(7_004), false);
  assert.equal(lookups(subject), 1);
  const second = registry.register(subject, `"b"`);
  time.now = 1_999;
  assert.equal(await versions.has(second), false);
  time.now = 2_000;
  assert.equal(await versions.has(second), true);
  assert.equal(lookups(subject), 2);
});

test("a lookup that failed does not put off the next", async () => {
  const subject = "pavilion.Away";
  const id = registry.register(subject, `"c"`);
  const versions = new SubjectVersions(registry.url, subject, 0, () => 0);
  registry.away = true;
  await assert.rejects(versions.has(id));
  registry.away = false;
  assert.equal(await versions.has(id), true);
  assert.equal(await new SubjectVersions(registry.url, "pavilion.Absent", 0).has(id), false);
});
