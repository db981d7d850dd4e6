import { expect, test } from 'vitest'

import { createMetrics } from './metrics.ts'

const linesOf = async (metrics: ReturnType<typeof createMetrics>) =>
  (await metrics.render()).body.split('\n')

test('counters, histograms and gauges are rendered with the label of the service', async () => {
  const metrics = createMetrics({ service: 'edge-api' })
  const jobs = metrics.counter({
    name: 'sluice_jobs_total',
    help: 'Jobs.',
    labels: { end: ['done', 'failed'] },
  })
  jobs.add({ end: 'done' })
  jobs.add({ end: 'done' }, 2)
  metrics
    .histogram({ name: 'sluice_wait_seconds', help: 'Wait.', labels: {}, buckets: [0.1, 1] })
    .observe({}, 0.5)
  metrics.gauge({ name: 'sluice_open', help: 'Open.', labels: {} }).set({}, 7)
  metrics.watch({ name: 'sluice_queue', help: 'Queue.', read: () => 11 })
  const lines = await linesOf(metrics)
  expect(lines).toContain('sluice_jobs_total{end="done",service="edge-api"} 3')
  expect(lines).toContain('sluice_wait_seconds_bucket{le="1",service="edge-api"} 1')
  expect(lines).toContain('sluice_open{service="edge-api"} 7')
  expect(lines).toContain('sluice_queue{service="edge-api"} 11')
})

test('a label with caller input is limited to its number of distinct values', async () => {
  const metrics = createMetrics({ service: 'edge-api' })
  const calls = metrics.counter({
    name: 'sluice_calls_total',
    help: 'Calls.',
    labels: { model: { distinctMax: 2 } },
  })
  for (let index = 0; index < 50; index += 1) calls.add({ model: `model-${index}` })
  calls.add({ model: 'model-1' })
  const lines = (await linesOf(metrics)).filter((line) => line.startsWith('sluice_calls_total'))
  expect(lines.sort()).toEqual([
    'sluice_calls_total{model="model-0",service="edge-api"} 1',
    'sluice_calls_total{model="model-1",service="edge-api"} 2',
    'sluice_calls_total{model="other",service="edge-api"} 48',
  ])
})

test('modules in one process share metrics of the same name', async () => {
  const metrics = createMetrics({ service: 'standalone' })
  const spec = { name: 'sluice_shared_total', help: 'Shared.', labels: {} }
  metrics.counter(spec).add({})
  metrics.counter(spec).add({})
  expect(await linesOf(metrics)).toContain('sluice_shared_total{service="standalone"} 2')
})

test('two registries in one process are independent', async () => {
  const [one, other] = [createMetrics({ service: 'a' }), createMetrics({ service: 'b' })]
  one.counter({ name: 'sluice_x_total', help: 'X.', labels: {} }).add({})
  expect((await other.render()).body).not.toContain('sluice_x_total')
})
