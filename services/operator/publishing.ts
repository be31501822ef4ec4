import { openPublisher, type Publisher } from "../../runtime/kafka/publisher.ts";
import type { Source } from "../../runtime/kafka/events.ts";

/** Publishes as a region's operator, for as long as the work takes. */
export async function publishing<T>(
  { kafka, codec, region }: Pick<Source, "kafka" | "codec" | "region">,
  work: (publisher: Publisher) => Promise<T>,
): Promise<T> {
  const publisher = await openPublisher(kafka, codec, region, `/${region}/operator`);
  try {
    return await work(publisher);
  } finally {
    await publisher.close();
  }
}
