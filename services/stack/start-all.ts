import type { Part } from "../../infra/parts.ts";

/** Starts parts together; where one fails, those that started are stopped, and its error is thrown. */
export async function startAll<Parts extends readonly Part[]>(starting: {
  readonly [Index in keyof Parts]: Promise<Parts[Index]>;
}): Promise<Parts> {
  const settled = await Promise.allSettled(starting as readonly Promise<Part>[]);
  const failed = settled.find((part) => part.status === "rejected");
  const running = settled.flatMap((part) => (part.status === "fulfilled" ? [part.value] : []));
  if (failed === undefined) return running as unknown as Parts;
  await Promise.all(running.map((part) => part.stop(0)));
  throw failed.reason;
}
