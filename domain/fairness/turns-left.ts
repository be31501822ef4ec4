/**
 * How many turns go by at most until somebody's comes, where signers take turns and each one's tenants in those
 * (runtime/contract/fair-queue.ts), as things stand: what comes meanwhile, and for whom, is not known.
 */

/** How many wait for a tenant of a signer. */
interface Share {
  readonly signer: string;
  readonly tenant: string;
  readonly waiting: number;
}

/** Until the tenant has had so many turns; they count too. */
export function turnsUntil(
  shares: readonly Share[],
  { signer, tenant }: { readonly signer: string; readonly tenant: string },
  count: number,
): number {
  const others = shares.filter((share) => share.signer === signer && share.tenant !== tenant);
  return turnsOfSigner(shares, signer, count + sumOf(others.map(({ waiting }) => Math.min(waiting, count))));
}

/** Until the signer has had so many turns, for whichever of its tenants; they count too. */
export function turnsOfSigner(shares: readonly Share[], signer: string, count: number): number {
  const others = new Map<string, number>();
  for (const share of shares) {
    if (share.signer === signer) continue;
    others.set(share.signer, (others.get(share.signer) ?? 0) + share.waiting);
  }
  return count + sumOf([...others.values()].map((waiting) => Math.min(waiting, count)));
}

/** How many wait for a tenant of a signer; for all of its tenants unless one is named. */
export function waitingOf(shares: readonly Share[], signer: string, tenant?: string): number {
  const own = shares.filter((share) => share.signer === signer && (tenant ?? share.tenant) === share.tenant);
  return sumOf(own.map(({ waiting }) => waiting));
}

/** So many turns of so many milliseconds, in whole seconds and at least one. */
export const secondsOf = (turns: number, millisecondsEach: number): number =>
  Math.max(1, Math.ceil((turns * millisecondsEach) / 1_000));

/** A turn so long was a pause: it says nothing of the turns to come. */
const longestMs = 60_000;

/** How long turns take lately, after another one: a mean in which the last few count most. */
export function paceAfter(before: number | undefined, lastedMs: number): number {
  const lasted = Math.min(Math.max(lastedMs, 0), longestMs);
  return before === undefined ? lasted : before + (lasted - before) / 8;
}

const sumOf = (numbers: readonly number[]): number => numbers.reduce((sum, number) => sum + number, 0);
