/**
 * CRC-32C (Castagnoli; RFC 3720, appendix B.4), eight bytes at a step (slicing-by-8). Kafka guards each record batch by it.
 */
const polynomial = 0x82f63b78;
const tables = tablesOf();

function tablesOf(): Int32Array {
  const all = new Int32Array(8 * 256);
  for (let byte = 0; byte < 256; byte++) {
    let value = byte;
    for (let bit = 0; bit < 8; bit++) value = (value & 1) === 0 ? value >>> 1 : (value >>> 1) ^ polynomial;
    all[byte] = value;
  }
  for (let byte = 0; byte < 256; byte++) {
    for (let table = 1; table < 8; table++) {
      const before = all[(table - 1) * 256 + byte] ?? 0;
      all[table * 256 + byte] = (before >>> 8) ^ (all[before & 0xff] ?? 0);
    }
  }
  return all;
}

/** Of the bytes from `start` to before `end`; 0 to 2^32 - 1. */
export function crc32c(bytes: Uint8Array, start = 0, end = bytes.length): number {
  const table = (index: number): number => tables[index] ?? 0;
  const byte = (index: number): number => bytes[index] ?? 0;
  let crc = -1;
  let at = start;
  for (; at + 8 <= end; at += 8) {
    const low = crc ^ (byte(at) | (byte(at + 1) << 8) | (byte(at + 2) << 16) | (byte(at + 3) << 24));
    crc =
      table(1792 + (low & 0xff)) ^
      table(1536 + ((low >>> 8) & 0xff)) ^
      table(1280 + ((low >>> 16) & 0xff)) ^
      table(1024 + (low >>> 24)) ^
      table(768 + byte(at + 4)) ^
      table(512 + byte(at + 5)) ^
      table(256 + byte(at + 6)) ^
      table(byte(at + 7));
  }
  for (; at < end; at++) crc = table((crc ^ byte(at)) & 0xff) ^ (crc >>> 8);
  return (crc ^ -1) >>> 0;
}
