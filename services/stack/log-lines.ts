/**
 * The lines of a growing log file.
 */
import { closeSync, existsSync, openSync, readSync } from "node:fs";
import type { PartProcess } from "../../infra/embedded/process.ts";

const pollMs = 200;
const chunkLength = 64 * 1024;

type ProcessLog = Pick<PartProcess, "logFile" | "logStart">;

/** Whether a process has written a line with this text to its log; what stood there before it is another's. */
export function hasLine({ logFile, logStart }: ProcessLog, text: string): boolean {
  const file = openSync(logFile, "r");
  try {
    const chunk = Buffer.alloc(chunkLength);
    let rest = "";
    for (let at = logStart, length = 1; length > 0; at += length) {
      length = readSync(file, chunk, 0, chunk.length, at);
      rest = rest.slice(-text.length) + chunk.toString("latin1", 0, length);
      if (rest.includes(text)) return true;
    }
    return false;
  } finally {
    closeSync(file);
  }
}

/** Tells each new line until the returned function is called, which tells what is left first. */
export function followLines(logFile: string, tell: (line: string) => void): () => void {
  let position = 0;
  let rest = "";
  const read = (): void => {
    if (!existsSync(logFile)) return;
    const file = openSync(logFile, "r");
    try {
      const chunk = Buffer.alloc(chunkLength);
      for (let length = 1; length > 0; position += length) {
        length = readSync(file, chunk, 0, chunk.length, position);
        const lines = (rest + chunk.toString("utf8", 0, length)).split("\n");
        rest = lines.pop() ?? "";
        for (const line of lines) tell(line);
      }
    } finally {
      closeSync(file);
    }
  };
  const timer = setInterval(read, pollMs);
  return () => {
    clearInterval(timer);
    read();
  };
}
