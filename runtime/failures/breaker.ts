/**
 * A circuit breaker before one port, shared by the whole process (cockatiel's): after several calls in a row that the
 * port did not answer, it is not asked for a while, then by one call alone. A port that is away is thus not flooded by
 * everybody who waits for it, and whoever calls is told at once.
 *
 * Promises that only what speaks of the port counts: an operation that fails while the port answers is the caller's.
 */
import {
  BrokenCircuitError,
  circuitBreaker,
  CircuitState,
  ConsecutiveBreaker,
  ExponentialBackoff,
  halfJitterGenerator,
  handleWhen,
  type CircuitBreakerPolicy,
} from "cockatiel";
import { PavilionError, type ErrorCode } from "../../errors/errors.ts";
import { causeOf, PortHeld, type Port } from "./passing.ts";

export interface BreakerRules {
  /** The code under which callers hear that the port is away. */
  readonly away: ErrorCode;
  /** Whether a failure says that the port does not answer, rather than what it answers; may ask the port. */
  readonly saysAway: (error: unknown) => boolean | Promise<boolean>;
}

export type BreakerState = "closed" | "half-open" | "open";

/** So many unanswered calls in a row open it. */
const unansweredMax = 5;
const firstPauseMs = 500;
const longestPauseMs = 5_000;

const stateNames: Readonly<Record<CircuitState, BreakerState>> = {
  [CircuitState.Closed]: "closed",
  [CircuitState.HalfOpen]: "half-open",
  [CircuitState.Open]: "open",
  [CircuitState.Isolated]: "open",
};

export class Breaker {
  readonly port: Port;
  readonly #rules: BreakerRules;
  readonly #policy: CircuitBreakerPolicy;

  constructor(port: Port, rules: BreakerRules, onState: (state: BreakerState) => void = () => undefined) {
    this.port = port;
    this.#rules = rules;
    this.#policy = circuitBreaker(
      handleWhen((error) => error instanceof PavilionError && error.code === rules.away),
      {
        breaker: new ConsecutiveBreaker(unansweredMax),
        halfOpenAfter: new ExponentialBackoff({
          generator: halfJitterGenerator,
          initialDelay: firstPauseMs,
          maxDelay: longestPauseMs,
        }),
      },
    );
    this.#policy.onStateChange((state) => {
      onState(stateNames[state]);
    });
  }

  get state(): BreakerState {
    return stateNames[this.#policy.state];
  }

  /** Rejects with PortHeld while the port is not asked, with the port's code where it does not answer. */
  async run<T>(call: () => Promise<T>): Promise<T> {
    try {
      return await this.#policy.execute(() => this.#judged(call));
    } catch (error) {
      if (error instanceof BrokenCircuitError) throw new PortHeld(this.port, this.#rules.away);
      throw error;
    }
  }

  /** The same function behind the breaker. */
  guard<Args extends unknown[], T>(call: (...args: Args) => Promise<T>): (...args: Args) => Promise<T> {
    return (...args) => this.run(() => call(...args));
  }

  async #judged<T>(call: () => Promise<T>): Promise<T> {
    const { away, saysAway } = this.#rules;
    try {
      return await call();
    } catch (error) {
      if (error instanceof PavilionError && error.code === away) throw error;
      if (!(await saysAway(error))) throw error;
      const message = `The ${this.port} does not answer: ${causeOf(error)}.`;
      throw new PavilionError(away, message, undefined, { cause: error });
    }
  }
}
