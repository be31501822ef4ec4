/**
 * The server's certificate and key, from files. They are read again every minute: a certificate that was renewed comes into force by
 * itself, and one that cannot be read leaves the earlier one in force, which clients refuse once it has ended.
 */
import { readFileSync } from "node:fs";
import { createSecureContext, type SecureContextOptions } from "node:tls";
import { PavilionError } from "../../errors/errors.ts";
import { readSecret } from "../../runtime/config.ts";

export interface TlsFiles {
  readonly certificateFile: string;
  readonly keyFile: string;
}

/** Throws CONFIG_INVALID. */
export function readTls({ certificateFile, keyFile }: TlsFiles): SecureContextOptions {
  const key = readSecret(keyFile);
  try {
    const context: SecureContextOptions = { cert: readFileSync(certificateFile), key, minVersion: "TLSv1.3" };
    createSecureContext(context);
    return context;
  } catch (cause) {
    throw new PavilionError(
      "CONFIG_INVALID",
      `The certificate ${certificateFile} and the key ${keyFile} cannot be read, or do not belong together.`,
      undefined,
      { cause },
    );
  }
}
