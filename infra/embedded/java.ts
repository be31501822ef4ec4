/**
 * How the Java parts are run. Most of a start goes into loading classes, so bootstrap.sh lets each part run
 * once and keeps what it loaded (class-archive.ts); a JVM that finds the archive to be another JVM's ignores
 * it and starts as slowly as without.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { JavaPart } from "./parts.ts";

/** The `java` that bootstrap.sh found: JAVA_HOME's, or the path's. */
export function javaCommand(environment: Readonly<Record<string, string | undefined>>): string {
  const home = environment.JAVA_HOME;
  return home === undefined || home === "" ? "java" : join(home, "bin", "java");
}

/** Where a part's class archive lies. */
export function classArchive(part: JavaPart): string {
  return join(part.folder, "classes.jsa");
}

/** Log4j takes commas in the place of its configuration for the end of one, and ${…} for a name to look up. */
export function loggingArgument(file: string): string {
  const url = pathToFileURL(file).href.replaceAll(",", "%2C").replaceAll("$", "%24");
  return `-Dlog4j2.configurationFile=${url}`;
}

export interface JvmOptions {
  readonly part: JavaPart;
  /** For temporary files: native libraries are unpacked there, and go with it. */
  readonly temporaryDir: string;
  /** The largest heap, such as "512m". */
  readonly heap: string;
  /** Writes the classes loaded to this file when the JVM ends in order. */
  readonly recordClasses?: string | undefined;
}

/** The JVM's own arguments, without the class path. */
export function jvmArguments(options: JvmOptions): string[] {
  const archive = classArchive(options.part);
  const sharing =
    options.recordClasses !== undefined
      ? [`-XX:ArchiveClassesAtExit=${options.recordClasses}`]
      : existsSync(archive)
        ? [`-XX:SharedArchiveFile=${archive}`]
        : [];
  return [
    ...sharing,
    `-Xmx${options.heap}`,
    "-XX:-UsePerfData", // it would lie in the system's temporary folder
    "-XX:+ExitOnOutOfMemoryError",
    "-Djava.awt.headless=true",
    `-Djava.io.tmpdir=${options.temporaryDir}`,
  ];
}
