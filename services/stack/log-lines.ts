/**
 * The lines of a growing log file.
 */
import { closeSync, existsSync, openSync, readFileSync, readSync } from "node:fs";

const pollMs = 200;

/** Whether the log holds a line with this text. */
export const hasLine = (logFile: string, text: string): boolean =>
  existsSync(logFile) && readFileSync(logFile, "utf8").includes(text);

/** Tells each new line until the returned function is called, which tells what is left first. */
export function followLines(logFile: string, tell: (line: string) => void): () => void {
  let position = 0;
  let rest = "";
  const read = (): void => {
    if (!existsSync(logFile)) return;
    const file = openSync(logFile, "r");
    try {
      const chunk = Buffer.alloc(64 * 1024);
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
