import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'

/** The allowed values of a label: a closed list, or a maximum number of distinct values. */
export type LabelBound = readonly string[] | { distinctMax: number }
export type LabelBounds = Readonly<Record<string, LabelBound>>

type LabelValues<Bounds extends LabelBounds> = {
  [Label in keyof Bounds]: Bounds[Label] extends readonly (infer Value extends string)[]
    ? Value
    : string
}

export interface MetricSpec<Bounds extends LabelBounds> {
  /** `sluice_` and what is counted; counters end in `_total`, durations in `_seconds`. */
  name: string
  help: string
  labels: Bounds
}

export interface CounterMetric<Bounds extends LabelBounds> {
  add(labels: LabelValues<Bounds>, amount?: number): void
}
export interface HistogramMetric<Bounds extends LabelBounds> {
  observe(labels: LabelValues<Bounds>, value: number): void
}
export interface GaugeMetric<Bounds extends LabelBounds> {
  set(labels: LabelValues<Bounds>, value: number): void
}

export interface Metrics {
  counter<const Bounds extends LabelBounds>(spec: MetricSpec<Bounds>): CounterMetric<Bounds>
  /** Buckets are upper bounds in the metric's unit, ascending. */
  histogram<const Bounds extends LabelBounds>(
    spec: MetricSpec<Bounds> & { buckets: readonly number[] },
  ): HistogramMetric<Bounds>
  gauge<const Bounds extends LabelBounds>(spec: MetricSpec<Bounds>): GaugeMetric<Bounds>
  /** A gauge that is read on each scrape, for sizes of pools and queues. */
  watch(spec: { name: string; help: string; read: () => number }): void
  /** All metrics in the Prometheus text format. */
  render(): Promise<{ contentType: string; body: string }>
}

/** Replaces label values outside the bound. */
export const OTHER = 'other'

/**
 * Metrics with their own registry. Creating a metric again by the same name returns the same one, so that
 * modules in one process can share it. With `processMetrics`, also memory, CPU, event loop and GC.
 */
export function createMetrics({
  service,
  processMetrics = false,
}: {
  service: string
  processMetrics?: boolean
}): Metrics {
  const registry = new Registry()
  registry.setDefaultLabels({ service })
  if (processMetrics) {
    collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: 50 })
    watchArrayBuffers(registry)
  }
  const known = new Map<string, unknown>()

  // A name always has one kind and one set of labels: those of the first spec.
  const once = <Metric>(name: string, make: () => Metric): Metric => {
    const made = known.get(name) ?? make()
    known.set(name, made)
    return made as Metric
  }

  return {
    counter: (spec) => once(spec.name, () => makeCounter(registry, spec)),
    histogram: (spec) => once(spec.name, () => makeHistogram(registry, spec)),
    gauge: (spec) => once(spec.name, () => makeGauge(registry, spec)),
    watch: ({ name, help, read }) => {
      once(name, () => {
        function collect(this: Gauge) {
          this.set(read())
        }
        return new Gauge({ name, help, registers: [registry], collect })
      })
    },
    render: async () => ({ contentType: registry.contentType, body: await registry.metrics() }),
  }
}

/** Bodies and pictures are in array buffers; the default metrics only have all external memory in total. */
function watchArrayBuffers(registry: Registry): void {
  function collect(this: Gauge) {
    this.set(process.memoryUsage().arrayBuffers)
  }
  const name = 'nodejs_array_buffer_bytes'
  const help = 'Bytes of array buffers, which contain bodies and pictures.'
  const gauge = new Gauge({ name, help, registers: [registry], collect })
  gauge.set(0)
}

function makeCounter<Bounds extends LabelBounds>(registry: Registry, spec: MetricSpec<Bounds>) {
  const counter = new Counter(configure(registry, spec))
  const bounded = labelBounder(spec.labels)
  const metric: CounterMetric<Bounds> = {
    add: (labels, amount = 1) => counter.inc(bounded(labels), amount),
  }
  return metric
}

function makeHistogram<Bounds extends LabelBounds>(
  registry: Registry,
  spec: MetricSpec<Bounds> & { buckets: readonly number[] },
) {
  const histogram = new Histogram({ ...configure(registry, spec), buckets: [...spec.buckets] })
  const bounded = labelBounder(spec.labels)
  const metric: HistogramMetric<Bounds> = {
    observe: (labels, value) => histogram.observe(bounded(labels), value),
  }
  return metric
}

function makeGauge<Bounds extends LabelBounds>(registry: Registry, spec: MetricSpec<Bounds>) {
  const gauge = new Gauge(configure(registry, spec))
  const bounded = labelBounder(spec.labels)
  const metric: GaugeMetric<Bounds> = { set: (labels, value) => gauge.set(bounded(labels), value) }
  return metric
}

function configure(registry: Registry, { name, help, labels }: MetricSpec<LabelBounds>) {
  return { name, help, labelNames: Object.keys(labels), registers: [registry] }
}

/** Replaces values outside their bounds by `other`, since caller input would grow a label without limit. */
function labelBounder(bounds: LabelBounds) {
  const names = Object.keys(bounds)
  const seen = new Map<string, Set<string>>()
  for (const [name, bound] of Object.entries(bounds)) {
    seen.set(name, new Set(Array.isArray(bound) ? bound : []))
  }
  const admit = (name: string, value: string): string => {
    const values = seen.get(name)
    const bound = bounds[name]
    if (values === undefined || bound === undefined || values.has(value)) return value
    if (!('distinctMax' in bound) || values.size >= bound.distinctMax) return OTHER
    values.add(value)
    return value
  }
  return (given: Readonly<Record<string, string>>): Record<string, string> => {
    const labels: Record<string, string> = {}
    for (const name of names) labels[name] = admit(name, given[name] ?? OTHER)
    return labels
  }
}
