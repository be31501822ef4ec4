"""A Core Broker's client in Python: signs a question, publishes it, and waits for its result.

    ask.py key KEY.pem                         makes a key, prints the public half for the broker's card
    ask.py ask ACCESS.json KEY.pem QUESTION.json   asks; prints the result as JSON

What goes over the wire stands in docs/protocol.md.
"""

import base64
import hashlib
import io
import json
import os
import secrets
import struct
import sys
import time
import urllib.request
import uuid
from datetime import datetime, timezone

import fastavro
import rfc8785
from confluent_kafka import Consumer, KafkaError, KafkaException, Message, Producer, TopicPartition
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def make_key(file: str) -> str:
    key = Ed25519PrivateKey.generate()
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        out.write(pem)
    raw = key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return base64url(raw)


def sign_detached(document: dict, typ: str, kid: str, key: Ed25519PrivateKey) -> str:
    """RFC 7515 appendix F over RFC 8785 bytes: header..signature."""
    header = base64url(json.dumps({"alg": "EdDSA", "kid": kid, "typ": typ}, separators=(",", ":")).encode())
    signing_input = f"{header}.{base64url(rfc8785.dumps(document))}".encode()
    return f"{header}..{base64url(key.sign(signing_input))}"


class Registry:
    """As much of the Confluent API as a client needs."""

    def __init__(self, url: str):
        self.url = url
        self.by_id: dict[int, dict] = {}

    def get(self, path: str) -> dict:
        with urllib.request.urlopen(f"{self.url}/{path}", timeout=10) as response:
            return json.load(response)

    def encode(self, event: str, value: dict) -> bytes:
        latest = self.get(f"subjects/pavilion.{event}/versions/latest")
        out = io.BytesIO(struct.pack(">bI", 0, latest["id"]))
        out.seek(5)
        fastavro.schemaless_writer(out, fastavro.parse_schema(json.loads(latest["schema"])), value)
        return out.getvalue()

    def decode(self, data: bytes) -> dict:
        magic, schema_id = struct.unpack(">bI", data[:5])
        if magic != 0:
            raise ValueError("not in the Confluent wire format")
        if schema_id not in self.by_id:
            schema = json.loads(self.get(f"schemas/ids/{schema_id}")["schema"])
            self.by_id[schema_id] = fastavro.parse_schema(schema)
        return fastavro.schemaless_reader(io.BytesIO(data[5:]), self.by_id[schema_id])


def kafka_settings(access: dict) -> dict:
    kafka = access["kafka"]
    return {
        "bootstrap.servers": kafka["bootstrap"],
        "security.protocol": "SASL_PLAINTEXT",
        "sasl.mechanism": "SCRAM-SHA-512",
        "sasl.username": kafka["username"],
        "sasl.password": kafka["password"],
    }


def open_consumer(access: dict, topic: str, offset: str) -> Consumer:
    """Reads every partition from its beginning or end, without joining a group."""
    group = f"{access['region']}.broker.{access['id']}.{uuid.uuid4()}"
    settings = {
        "group.id": group,
        "enable.auto.commit": False,
        "enable.partition.eof": True,
        "isolation.level": "read_committed",
        "auto.offset.reset": offset,
    }
    consumer = Consumer({**kafka_settings(access), **settings})
    partitions = consumer.list_topics(topic, timeout=10).topics[topic].partitions
    assigned = []
    for number in partitions:
        low, high = consumer.get_watermark_offsets(TopicPartition(topic, number), timeout=10)
        assigned.append(TopicPartition(topic, number, low if offset == "earliest" else high))
    consumer.assign(assigned)
    return consumer


# librdkafka goes on by itself after these.
passing_errors = (KafkaError._TRANSPORT, KafkaError._ALL_BROKERS_DOWN)


def events(consumer: Consumer, registry: Registry, event: str, seconds: float, to_end: bool = False):
    """Events of one type until the time is up, or to where every partition ends now."""
    behind = {partition.partition for partition in consumer.assignment()}
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and (behind or not to_end):
        message = consumer.poll(0.2)
        if message is None:
            continue
        error = message.error()
        if error is not None:
            if error.code() == KafkaError._PARTITION_EOF:
                behind.discard(message.partition())
            elif error.code() not in passing_errors:
                raise KafkaException(error)
        elif message.value() is not None:
            headers = dict(message.headers() or [])
            if headers.get("ce_type") == f"pavilion.{event}".encode():
                yield registry.decode(message.value())


def record_digest(message: Message) -> str:
    """What the region calls a record that it cannot tell to be a broker's."""

    def counted(data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + data

    place = struct.pack(">IQ", message.partition(), message.offset())
    head = counted(b"pavilion/record/v1") + counted(message.topic().encode()) + place
    return hashlib.sha256(head + counted(message.key()) + message.value()).hexdigest()


def newest_seed(access: dict, registry: Registry) -> str:
    """The commitment of the newest open seed: of each seed the last entry counts."""
    consumer = open_consumer(access, f"{access['region']}.config.seeds", "earliest")
    try:
        seeds = {seed["id"]: seed for seed in events(consumer, registry, "SeedEntry", 30, to_end=True)}
    finally:
        consumer.close()
    still_open = [number for number, entry in seeds.items() if entry["open"]]
    if not still_open:
        raise TimeoutError("the region has no open noise seed")
    return seeds[max(still_open)]["commitment"]


def ask(access: dict, key: Ed25519PrivateKey, question: dict) -> dict:
    registry = Registry(access["registryUrl"])
    request = {
        **question,
        "type": "pavilion/request",
        "id": str(uuid.uuid4()),
        "nonce": secrets.token_hex(16),
        "issuedAt": datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "seedCommitment": newest_seed(access, registry),
    }
    document = rfc8785.dumps(request)
    digest = hashlib.sha256(document).hexdigest()
    value = {
        "requestId": request["id"],
        "document": document.decode(),
        "signature": sign_detached(request, "pavilion-request+jws", access["id"], key),
        "seedCommitment": request["seedCommitment"],
    }
    headers = {
        "ce_specversion": "1.0",
        "ce_id": str(uuid.uuid4()),
        "ce_type": "pavilion.SignedRequest",
        "ce_source": f"/broker/{access['id']}",
        "ce_time": request["issuedAt"],
        "ce_subject": request["id"],
        "content-type": "application/vnd.confluent.avro",
        "traceparent": f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01",
    }
    results = open_consumer(access, f"{access['region']}.broker.results.{access['id']}", "latest")
    try:
        # Kafka's default partitioner in Java and in kafkajs is murmur2; librdkafka's own default is another one.
        producer = Producer({**kafka_settings(access), "partitioner": "murmur2_random", "enable.idempotence": False})
        delivered = []
        producer.produce(
            f"{access['region']}.broker.requests",
            key=request["id"],
            value=registry.encode("SignedRequest", value),
            headers=list(headers.items()),
            on_delivery=lambda error, message: delivered.append((error, message)),
        )
        if producer.flush(30) > 0:
            raise TimeoutError("the request was not taken by Kafka")
        [(error, message)] = delivered
        if error is not None:
            raise KafkaException(error)
        # Where the region knows nobody who signed it, it answers the record.
        digests = (digest, record_digest(message))
        for result in events(results, registry, "Result", question["deadlineSeconds"] + 10):
            if result["requestDigest"] in digests:
                return result
    finally:
        results.close()
    raise TimeoutError("no result came by the request's deadline")


def main(arguments: list[str]) -> int:
    match arguments:
        case ["key", file]:
            print(make_key(file))
        case ["ask", access_file, key_file, question_file]:
            with open(access_file) as access, open(key_file, "rb") as key, open(question_file) as question:
                private = serialization.load_pem_private_key(key.read(), password=None)
                result = ask(json.load(access), private, json.load(question))
            print(json.dumps(result))
            return 0 if result["answer"] is not None else 1
        case _:
            print(__doc__, file=sys.stderr)
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
