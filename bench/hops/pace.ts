/**
 * When to send: at a mean rate, at intervals between half and one and a half of the mean that no reference's own
 * interval can fall into step with. The golden ratio's multiples fill the range evenly, and everybody who is measured
 * gets the same.
 */
const goldenRatio = (Math.sqrt(5) - 1) / 2;

/** Milliseconds from the start, ascending, `rate` a second for so many seconds. */
export function sendTimes(rate: number, seconds: number): number[] {
  const mean = 1000 / rate;
  let at = 0;
  return Array.from({ length: Math.round(rate * seconds) }, (_, index) => {
    at += mean * (0.5 + ((index * goldenRatio) % 1));
    return at;
  });
}
