import { counted } from '../counted.ts'

const lang = 'en'

export const messages = {
  title: 'Overview',
  statusNew: 'No requests yet. Generate your first picture.',
  statusQuiet: 'No requests today.',
  statusWell: (requests: string) => `${requests} today, all succeeded.`,
  statusFailures: (requests: string, failures: string) => `${requests} today, ${failures}.`,
  statusNoCredit: 'Your balance is empty: requests are rejected until credits are added.',
  failures: counted(lang, { one: '# failed', other: '# failed' }),
  period: 'Period',
  days: counted(lang, { one: '# day', other: '# days' }),
  figures: {
    balance: 'Available credits',
    held: (amount: string) => `${amount} held for running requests`,
    heldNothing: 'nothing held',
    requests: 'Requests',
    spend: 'Credits spent',
    pictures: 'Pictures',
    latency: 'Median latency',
    p95: (time: string) => `p95 ${time}`,
    noLatency: 'not measured yet',
  },
  trend: {
    up: (share: string) => `+${share} vs previous period`,
    down: (share: string) => `−${share} vs previous period`,
    level: 'same as previous period',
    fresh: 'none in previous period',
  },
  charts: {
    requests: 'Requests per day',
    spend: 'Credits spent per day',
    answered: 'Succeeded',
    failed: 'Failed',
    spent: 'Spent',
    day: 'Day (UTC)',
    zone: 'UTC days',
  },
  topModels: 'Top models by spend',
  topModelsEmpty: 'No usage in this period.',
  modelNote: (requests: string, share: string) => `${requests} · ${share}`,
  allUsage: 'All usage',
  first: {
    title: 'Get started',
    text: 'Generate a picture in the studio, or create an API key and call the gateway from your program.',
    studio: 'Open the studio',
    key: 'Create an API key',
    command: 'From a terminal, with your key in SLUICE_KEY',
  },
}
