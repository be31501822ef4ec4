/**
 * A region's HSM that outlasts its own absence. To PKCS#11 a token that went is gone for good, with its sessions, the
 * login and every handle, also once it is back (OASIS PKCS#11 v3.0 section 5.1, CKR_DEVICE_REMOVED): it has to be opened
 * anew.
 *
 * Promises: whatever fails while the HSM answers nothing at all fails as HSM_UNAVAILABLE, which passes, a key that cannot
 * be found then among it; the next call opens the token anew, one call at a time, as soon as it is there. What comes
 * back must hold the same keys.
 */
import { createHash } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { PavilionError } from "../../errors/errors.ts";
import { openHsm, type Hsm, type HsmOptions } from "./hsm.ts";
import type { KeyDeclaration } from "./keys.ts";
import { sealingKey } from "./sealing-keys.ts";

/** No message of the stages' is like it; what comes of it is thrown away. */
const probe = Buffer.from("pavilion/presence/v1");

/** Opens as `openHsm` does and rejects with the same codes. The sealing key has to be among its keys: it tells who is there. */
export async function openLastingHsm(options: HsmOptions): Promise<Hsm> {
  const first = await openHsm(options);
  const marks = await marksOf(options.keys, first);
  let current = first;
  let isLost = false;
  let isClosed = false;
  let renewal: Promise<void> | undefined;

  async function renew(): Promise<void> {
    await current.close();
    if (isClosed) return;
    const next = await openHsm(options);
    if (!isDeepStrictEqual(await marksOf(options.keys, next), marks)) {
      await next.close();
      throw new PavilionError("HSM_KEY_MISSING", "The HSM came back with different keys.");
    }
    current = next;
    isLost = false;
  }

  const lasting =
    <Arguments extends readonly unknown[], Result>(
      choose: (hsm: Hsm) => (...given: Arguments) => Promise<Result>,
    ) =>
    async (...given: Arguments): Promise<Result> => {
      if (isLost && !isClosed) await (renewal ??= renew().finally(() => (renewal = undefined)));
      const asked = current;
      try {
        return await choose(asked)(...given);
      } catch (error) {
        if (!(error instanceof PavilionError) || (await answers(asked))) throw error;
        if (asked === current) isLost = true;
        throw new PavilionError("HSM_UNAVAILABLE", "The HSM is gone.", undefined, { cause: error });
      }
    };

  return {
    key(declared) {
      const { publicKey } = first.key(declared);
      return { publicKey, operate: lasting((hsm) => hsm.key(declared).operate) };
    },
    createSeed: lasting((hsm) => hsm.createSeed),
    seed: lasting((hsm) => hsm.seed),
    destroySeed: lasting((hsm) => hsm.destroySeed),
    close: async () => {
      isClosed = true;
      await renewal?.catch(() => undefined);
      await current.close();
    },
  };
}

const answers = (hsm: Hsm): Promise<boolean> =>
  hsm
    .key(sealingKey)
    .operate(probe)
    .then(
      () => true,
      () => false,
    );

/** What each key is known by: its public key, or what it makes of a message that nothing else is derived of. */
const marksOf = (keys: readonly KeyDeclaration[], hsm: Hsm): Promise<string[]> =>
  Promise.all(
    keys.map(async (declared) => {
      const { publicKey, operate } = hsm.key(declared);
      const mark = declared.purpose === "hmac-sha256" ? await operate(probe) : publicKey;
      return createHash("sha256").update(mark).digest("hex");
    }),
  );
