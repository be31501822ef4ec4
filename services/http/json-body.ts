/** A call's body: JSON in UTF-8, looked through within bounds before anything is made of it. */
import { PavilionError } from "../../errors/errors.ts";
import { parseJson, TextFault } from "../../schemas/reading/json-text.ts";

const bounds = { depthMax: 32, valuesMax: 10_000 };

/** Throws CALL_UNREADABLE. */
export function readBody(bytes: Buffer): unknown {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new PavilionError("CALL_UNREADABLE", "The body is not UTF-8.");
  }
  try {
    return parseJson(text, { ...bounds, lengthMax: bytes.length });
  } catch (error) {
    if (error instanceof TextFault) throw new PavilionError("CALL_UNREADABLE", `The body ${error.message}.`);
    throw error;
  }
}
