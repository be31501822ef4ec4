/**
 * What the integration tests' stacks stand on: containers where a Docker engine answers that has the images, processes of
 * this machine otherwise. PAVILION_TEST_PARTS says which: `containers` or `embedded`.
 */
import { embeddedParts } from "../../infra/embedded/embedded.ts";
import type { Parts } from "../../infra/parts.ts";
import { containerParts } from "./container-parts.ts";

export async function testParts(): Promise<Parts> {
  const wanted = process.env.PAVILION_TEST_PARTS ?? "";
  if (!["", "containers", "embedded"].includes(wanted)) {
    throw new Error("PAVILION_TEST_PARTS is containers or embedded");
  }
  if (wanted === "embedded") return embeddedParts;
  const parts = await containerParts();
  if (parts === undefined && wanted === "containers") {
    throw new Error("no Docker engine answers that has the images: see infra/containers/README.md");
  }
  return parts ?? embeddedParts;
}
