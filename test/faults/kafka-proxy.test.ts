/**
 * The proxy before Kafka: its framing, and what each fault does on either side of the acknowledgement. The broker here
 * is a server that answers every frame with its correlation id; the fault tests beside this one use the real one.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { after, before, test } from "node:test";
import fc from "fast-check";
import { apis, correlationIdOf, Frames, requestHead, type Api } from "./kafka-frames.ts";
import { KafkaProxy } from "./kafka-proxy.ts";
import { oneOf, randomFrom } from "./seeded.ts";

function framed(body: Uint8Array): Buffer {
  const length = Buffer.alloc(4);
  length.writeInt32BE(body.length);
  return Buffer.concat([length, body]);
}

function request(api: Api, correlationId: number, client = "worker-1"): Buffer {
  const head = Buffer.alloc(10);
  head.writeInt16BE(apis[api], 0);
  head.writeInt16BE(3, 2);
  head.writeInt32BE(correlationId, 4);
  head.writeInt16BE(client.length, 8);
  return framed(Buffer.concat([head, Buffer.from(client), Buffer.alloc(20, 7)]));
}

test("frames come out whole and in order however the stream is cut", () => {
  const bodies = fc.array(fc.uint8Array({ minLength: 4, maxLength: 300 }), { maxLength: 8 });
  fc.assert(
    fc.property(bodies, fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }), (parts, cuts) => {
      const sent = parts.map(framed);
      const stream = Buffer.concat(sent);
      const frames = new Frames();
      const taken: Buffer[] = [];
      for (let at = 0, n = 0; at < stream.length; n += 1) {
        const size = cuts[n % cuts.length] ?? 1;
        taken.push(...frames.push(stream.subarray(at, at + size)));
        at += size;
      }
      assert.deepEqual(taken, sent);
    }),
  );
});

test("a length that no frame has ends the stream", () => {
  assert.throws(() => new Frames().push(Buffer.from("GET / HTTP/1.1\r\n")));
  assert.throws(() => new Frames().push(Buffer.from([0xff, 0xff, 0xff, 0xff])));
});

test("a request's head is read, also of a client without a name", () => {
  const { apiKey, version, correlationId, client } = requestHead(request("EndTxn", 77, "worker-2"));
  assert.deepEqual([apiKey, version, correlationId, client], [26, 3, 77, "worker-2"]);
  const nameless = framed(Buffer.from([0, 18, 0, 0, 0, 0, 0, 5, 0xff, 0xff]));
  assert.deepEqual(requestHead(nameless), { apiKey: 18, version: 0, correlationId: 5, client: "" });
});

test("a seed repeats its numbers, and another seed has others", () => {
  const draw = (seed: number): number[] => {
    const random = randomFrom(seed);
    return Array.from({ length: 50 }, random);
  };
  assert.deepEqual(draw(7), draw(7));
  assert.notDeepEqual(draw(7), draw(8));
  assert.ok(draw(7).every((number) => number >= 0 && number < 1));
  assert.throws(() => oneOf(randomFrom(1), []));
});

/** Correlation ids that the broker has seen. */
const seen: number[] = [];
const broker = createServer((socket) => {
  const frames = new Frames();
  socket.on("error", () => undefined);
  socket.on("data", (chunk) => {
    for (const frame of frames.push(chunk)) {
      const { correlationId } = requestHead(frame);
      seen.push(correlationId);
      const body = Buffer.alloc(4);
      body.writeInt32BE(correlationId);
      socket.write(framed(body));
    }
  });
});
let proxy: KafkaProxy;

before(async () => {
  broker.listen(0, "127.0.0.1");
  await once(broker, "listening");
  const target = (broker.address() as AddressInfo).port;
  proxy = await KafkaProxy.open({ target, random: randomFrom(1) });
});

after(async () => {
  await proxy.close();
  broker.close();
});

interface Client {
  readonly socket: Socket;
  readonly answers: number[];
}

async function open(): Promise<Client> {
  const socket = connect(proxy.port, "127.0.0.1");
  const frames = new Frames();
  const answers: number[] = [];
  socket.on("error", () => undefined);
  socket.on("data", (chunk) => answers.push(...frames.push(chunk).map(correlationIdOf)));
  await once(socket, "connect");
  return { socket, answers };
}

async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!condition()) {
    assert.ok(performance.now() < deadline, "it did not come in time");
    await sleep(5);
  }
}

let ids = 100;
const nextId = (): number => (ids += 1);

for (const side of ["before", "after"] as const) {
  test(`a request dropped ${side} the broker is not answered, and the connection goes on`, async () => {
    const { socket, answers } = await open();
    const [dropped, next] = [nextId(), nextId()];
    proxy.apply({ api: "EndTxn", side, action: "drop" });
    socket.write(Buffer.concat([request("EndTxn", dropped), request("EndTxn", next)]));
    await until(() => answers.includes(next));
    assert.deepEqual(answers, [next]);
    assert.equal(seen.includes(dropped), side === "after");
    socket.destroy();
  });

  test(`a request cut ${side} the broker closes the connection`, async () => {
    const { socket, answers } = await open();
    const [first, cut] = [nextId(), nextId()];
    proxy.apply({ api: "Produce", side, action: "cut" });
    const closed = once(socket, "close");
    socket.write(Buffer.concat([request("Heartbeat", first), request("Produce", cut)]));
    await closed;
    assert.ok(!answers.includes(cut));
    if (side === "after") await until(() => seen.includes(cut));
    else assert.ok(!seen.includes(cut));
  });

  test(`a request held ${side} the broker comes through in its turn`, async () => {
    const { socket, answers } = await open();
    const [held, next] = [nextId(), nextId()];
    const release = Promise.withResolvers<undefined>();
    const applied = proxy.apply({ api: "OffsetCommit", side, action: { until: release.promise } });
    socket.write(Buffer.concat([request("OffsetCommit", held), request("OffsetCommit", next)]));
    assert.equal(requestHead(await applied.hit).correlationId, held);
    if (side === "after") await until(() => seen.includes(held));
    await sleep(50);
    assert.deepEqual(answers, []);
    assert.equal(seen.includes(held), side === "after");
    release.resolve(undefined);
    await until(() => answers.length === 2);
    assert.deepEqual(answers, [held, next]);
    socket.destroy();
  });
}

test("a rule meets its kind of request, its client, from its nth on, its number of times, and is in the log", async () => {
  const { socket, answers } = await open();
  const before = proxy.log.length;
  const rule = { api: "EndTxn", side: "before", action: "drop", client: "worker-2" } as const;
  const applied = proxy.apply({ ...rule, nth: 2, times: 2 });
  const [other, first, mine] = [nextId(), nextId(), nextId()];
  const [again, last, produce] = [nextId(), nextId(), nextId()];
  socket.write(
    Buffer.concat([
      request("EndTxn", other, "worker-1"),
      request("Produce", produce, "worker-2"),
      ...[first, mine, again, last].map((id) => request("EndTxn", id, "worker-2")),
    ]),
  );
  await until(() => answers.includes(last));
  assert.deepEqual(answers, [other, produce, first, last]);
  assert.equal(applied.hits(), 2);
  const deed = { api: "EndTxn", side: "before", did: "dropped", client: "worker-2" };
  assert.deepEqual(proxy.log.slice(before), [
    { ...deed, correlationId: mine },
    { ...deed, correlationId: again },
  ]);
  socket.destroy();
});

test("a rule that is lifted, and one whose chance is nothing, meet nobody; a watcher sees every answer", async () => {
  const { socket, answers } = await open();
  const watched: number[] = [];
  const unwatch = proxy.watch("EndTxn", (asked, response) => {
    watched.push(requestHead(asked).correlationId, correlationIdOf(response));
  });
  proxy.apply({ api: "EndTxn", side: "before", action: "cut" }).lift();
  const never = proxy.apply({ api: "EndTxn", side: "before", action: "cut", chance: 0 });
  const id = nextId();
  socket.write(request("EndTxn", id));
  await until(() => answers.includes(id));
  assert.deepEqual(watched, [id, id]);
  unwatch();
  never.lift();
  socket.destroy();
});
