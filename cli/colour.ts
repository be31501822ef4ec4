/**
 * Colours for people at a terminal: none where the stream is no terminal or NO_COLOR is set, unless FORCE_COLOR is.
 */
import { styleText } from "node:util";

export type Colour = "green" | "yellow" | "red";

export const coloured = (
  colour: Colour,
  text: string,
  stream: NodeJS.WritableStream = process.stdout,
): string => styleText(colour, text, { stream });
