import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Metrics } from "../../runtime/telemetry/metrics.ts";

interface Dashboard {
  readonly panels: readonly {
    readonly id: number;
    readonly title: string;
    readonly gridPos: { readonly x: number; readonly w: number };
    readonly targets: readonly { readonly expr: string }[];
  }[];
  readonly templating: { readonly list: readonly { readonly query: string }[] };
}

const dashboard = JSON.parse(readFileSync(new URL("dashboard.json", import.meta.url), "utf8")) as Dashboard;
const expressions = dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));

/** Metrics with their labels, as they are registered. */
const registered = new Map(
  new Metrics().registry
    .getMetricsAsArray()
    .map((metric) => [metric.name, metric as unknown as { labelNames?: string[]; type: string }] as const),
);

/** A histogram's samples have names of their own. */
function metricOf(name: string): { labelNames?: string[]; type: string } | undefined {
  const histogram = registered.get(name.replace(/_(bucket|sum|count)$/, ""));
  return registered.get(name) ?? (histogram?.type === "histogram" ? histogram : undefined);
}

const namesIn = (text: string): string[] => text.match(/\b(pavilion|nodejs|process)_\w+/g) ?? [];

test("every metric that the dashboard names is one that the connector has", () => {
  const texts = [...expressions, ...dashboard.templating.list.map(({ query }) => query)];
  const named = texts.flatMap(namesIn);
  assert.ok(named.length > 0 && expressions.every((expr) => namesIn(expr).length > 0));
  assert.deepEqual(
    named.filter((name) => metricOf(name) === undefined),
    [],
  );
});

test("every metric of the connector's own stands on the dashboard", () => {
  const own = [...registered.keys()].filter((name) => name.startsWith("pavilion_"));
  const shown = expressions.flatMap(namesIn);
  assert.deepEqual(
    own.filter((name) => !shown.some((one) => one.replace(/_bucket$/, "") === name)),
    [],
  );
});

test("panels group by labels that their metrics have", () => {
  for (const expr of expressions) {
    const labels = /by \(([^)]*)\)/.exec(expr)?.[1]?.split(/, */) ?? [];
    for (const name of namesIn(expr)) {
      const known = [...(metricOf(name)?.labelNames ?? []), "le", "instance"];
      assert.deepEqual(
        labels.filter((label) => !known.includes(label)),
        [],
        expr,
      );
    }
  }
});

test("panels have ids of their own and lie within the grid", () => {
  const ids = dashboard.panels.map(({ id }) => id);
  assert.equal(new Set(ids).size, ids.length);
  for (const { gridPos, title } of dashboard.panels) assert.ok(gridPos.x + gridPos.w <= 24, title);
});
